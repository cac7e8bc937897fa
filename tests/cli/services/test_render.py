"""Rendering the project, in a copy of its files."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from fastapi import FastAPI

from chassis.sealing.access import optional, service
from chassis.web.policy import RoutePolicy
from cli.errors import CommandError
from cli.routes import DeclaredRoute
from cli.services import locks
from cli.services.discovery import ROOT, Kind, Service
from cli.services.own_settings import Setting
from cli.services.project import Part, Project, read_project
from cli.services.rename import give_name
from cli.services.render import out_of_date, renderings, write, write_front
from tests.cli.services.places import check_places

BASE = re.compile(rb"sealed[- ]services", re.IGNORECASE)
"""The name of this base; a project that was renamed has it nowhere already."""


@pytest.fixture(scope="session")
def project(apps: dict[str, FastAPI]) -> Project:
    """The project as it is."""
    return read_project(ROOT, apps)


@pytest.fixture
def copy(project: Project, tmp_path: Path) -> Path:
    """A copy of the files that are rendered, or that kustomize reads."""
    for folder in ("deploy", "requirements"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path in {one.path for one in renderings(project, ROOT)}:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, tmp_path / path)
    return tmp_path


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The targets of make that ask the package index; nothing is asked."""
    asked = list[str]()

    def make(root: Path, *arguments: str) -> None:
        asked.extend(arguments)
        for name in re.findall(r"SERVICES=(\w+)", " ".join(arguments)):
            (root / f"requirements/{name}.txt").write_text("locked\n")

    monkeypatch.setattr(locks, "_make", make)
    return asked


def texts(root: Path) -> dict[str, str]:
    """Return the text of every file, by its path."""
    return {str(file.relative_to(root)): file.read_text() for file in sorted(root.rglob("*")) if file.is_file()}


def tracked() -> list[str]:
    """Return the paths of the files that git tracks, or would add."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]
    paths = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return [path for path in paths if path and (ROOT / path).is_file()]


_OWN: Mapping[Kind, tuple[str, ...]] = {"none": ("gift-wrap",)}
"""Libraries that no other service has, so that its lock is no copy."""


def extended(project: Project, *kinds: Kind) -> Project:
    """Return the project with further services, one for each kind of database, that call user and analytics."""
    policy, inside = RoutePolicy(optional()), RoutePolicy(service())
    wrap = Setting("GIFT_WRAP", ("Whether gifts are wrapped.",), "GIFT_WRAP=true", is_secret=False, is_required=False)
    parts = []
    for number, kind in enumerate(kinds):
        name, path = f"gift_{kind}", f"/api/v1/gifts-{kind}"
        parts.append(
            Part(
                Service(name, 8100 + number, kind, _OWN.get(kind, ()), limits={"login": (path,)}, egress_ports=(443,)),
                f"Gifts in {kind}.",
                frozenset({"user", "analytics"}),
                {f"{name}.given": ("analytics",)},
                (wrap,),
                (
                    DeclaredRoute(name, "GET", path, policy),
                    DeclaredRoute(name, "GET", f"{path}/{{gift_id}}/secret", inside),
                ),
                lambda: {"paths": {}, "components": {"schemas": {}, "securitySchemes": {}}, "tags": []},
            )
        )
    return replace(project, parts=(*project.parts, *parts))


def test_the_files_are_what_is_rendered(project: Project) -> None:
    """`make check` says so, too: bin/cli render writes a file that is out of date."""
    assert out_of_date(ROOT, project) == []


def test_a_service_is_added_everywhere_and_removed_without_a_trace(
    project: Project, copy: Path, index: list[str]
) -> None:
    """Services with every kind of database; removing them restores every byte."""
    before, gifts = texts(copy), extended(project, "postgres", "mongodb", "reflected", "none")
    write(copy, gifts)

    after = texts(copy)
    for kind in ("postgres", "mongodb", "reflected", "none"):
        check_places(after, kind)
    known = {frozenset(one.libraries) for one in project.services}
    new = [one for one in gifts.services if one not in project.services and frozenset(one.libraries) not in known]
    assert index == [*(word for one in new for word in ("lock-services", f"SERVICES={one.name}")), "lock-common"]
    assert out_of_date(copy, gifts) == []

    write(copy, project)

    assert texts(copy) == before
    assert not list(copy.glob("deploy/kubernetes/services/gift-postgres*"))


# --- about gateway ---
def test_the_files_of_the_front_are_written_alone(project: Project, copy: Path) -> None:
    """A running stack does so after a change of code; a second time there is nothing to write."""
    gifts, before = extended(project, "postgres"), texts(copy)

    written = write_front(copy, gifts)

    after = texts(copy)
    assert written == [path for path in after if after[path] != before[path]]
    assert written == ["gateway/front_door/routes.toml", "gateway/settings.py"]
    assert write_front(copy, gifts) == []


# --- end about gateway ---
def test_nothing_is_written_if_some_text_was_edited(project: Project, copy: Path) -> None:
    """The message names each edited file, and what to edit instead."""
    for path, edited in (("deploy/prometheus/prometheus.yml", "port: 8001"), ("chassis/core/project.py", "NAME =")):
        (copy / path).write_text((copy / path).read_text().replace(edited, f"{edited}9"))
    before = texts(copy)

    with pytest.raises(CommandError) as refused:
        write(copy, extended(project, "postgres"))

    assert "prometheus.yml, region 'services': was edited by hand. It is rendered from */service" in str(refused.value)
    assert "chassis/core/project.py: was edited by hand. It is rendered from pyproject.toml" in str(refused.value)
    assert texts(copy) == before


def test_the_workflow_of_another_platform_may_be_deleted(project: Project, copy: Path, index: list[str]) -> None:
    """A team uses one of them; the file does not come back."""
    (copy / ".gitlab-ci.yml").unlink(missing_ok=True)

    write(copy, extended(project, "none"))

    assert not (copy / ".gitlab-ci.yml").exists()
    assert index
    assert out_of_date(copy, extended(project, "none")) == []


def test_edits_are_discarded_by_force(project: Project, copy: Path) -> None:
    """The files are those of the project again."""
    before = texts(copy)
    (copy / ".dockerignore").write_text((copy / ".dockerignore").read_text().replace("!user\n", ""))

    assert write(copy, project, force=True) == [".dockerignore"]
    assert texts(copy) == before


def test_a_lock_that_fails_is_tried_again(
    project: Project, copy: Path, monkeypatch: pytest.MonkeyPatch, index: list[str]
) -> None:
    """pyproject.toml does not claim libraries that no lock has."""
    changed = extended(project, "none")

    def fail(_root: Path, *_arguments: str) -> None:
        raise CommandError("the index does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(locks, "_make", fail)
        with pytest.raises(CommandError, match="does not answer"):
            write(copy, changed)

    assert "gift_none" not in (copy / "pyproject.toml").read_text()
    assert str(Path("requirements") / "gift_none.txt") in write(copy, changed)


def test_the_edge_needs_one_service_for_each_path(project: Project) -> None:
    """Two services with the same resource, and a limit of a path that is not served, are refused."""
    (*others, part) = extended(project, "none").parts
    twin = replace(part, service=replace(part.service, name="twin", port=8200))
    with pytest.raises(CommandError, match="twin and gift_none both serve /api/v1/gifts-none to the outside"):
        list(renderings(replace(project, parts=(*others, part, twin)), ROOT))

    unserved = replace(part, service=replace(part.service, limits={"counts": ("/api/v1/gone",)}))
    with pytest.raises(CommandError, match="limits has /api/v1/gone, which is no path for the outside"):
        list(renderings(replace(project, parts=(*others, unserved)), ROOT))


# --- about gateway ---
def test_without_a_front_the_edge_sends_each_path_to_its_service(project: Project) -> None:
    """It reaches all services in both deployments; with a front, that alone. Closed paths stay closed."""
    gifts = extended(project, "none")
    plain = replace(gifts, parts=tuple(part for part in gifts.parts if not part.service.front))

    fronted, faced = edge_of(gifts), edge_of(plain)

    assert fronted["gifts"] == fronted["users"] == ["gateway-service$domain:8000"]
    assert (faced["gifts"], faced["users"]) == (["gift-none-service$domain:8100"], ["user-service$domain:8002"])
    assert fronted["closed"] == faced["closed"] == ['""']
    assert fronted["limits"] == faced["limits"]
    assert fronted["reached"] == ["[gateway]"] * 2
    assert faced["reached"] == [f"[{', '.join(part.service.slug for part in plain.parts)}]"] * 2
    assert (len(fronted["networks"]), len(faced["networks"])) == (1, len(plain.parts))


def edge_of(project: Project) -> Mapping[str, list[str]]:
    """Return what is rendered of the edge: where it sends paths, what it limits, and whom it reaches."""
    texts = {(one.path, getattr(one, "name", "")): str(one.content) for one in renderings(project, ROOT)}
    paths, policies = texts["deploy/nginx/nginx.conf", "paths"], texts["deploy/kubernetes/network/services.yaml", ""]
    edge = policies.partition("{name: from-edge,")[2]
    return {
        "gifts": re.findall(r"/api/v1/gifts-none\(/\|\$\) (.*);", paths),
        "users": re.findall(r"/api/v1/users\(/\|\$\) (.*);", paths),
        "closed": re.findall(r"/secret/\?\$ (.*);", paths),
        "limits": re.findall(r"(\S+) \$binary_remote_addr;", texts["deploy/nginx/nginx.conf", "limits"]),
        "reached": re.findall(r"name, operator: In, values: (\[.*?\])", edge),
        "networks": re.findall(r"networks: \[edge, .*", texts["docker-compose.prod.yml", "services"]),
    }


# --- end about gateway ---
def test_images_keep_what_people_chose(project: Project, copy: Path, index: list[str]) -> None:
    """Registry, tag and digest of each image are theirs; a new service has those of the first."""
    file = copy / "deploy/kubernetes/overlays/production/kustomization.yaml"
    chosen = f'  - {{name: {project.name}/user, newName: ghcr.io/us/user, digest: "sha256:00"}}'
    file.write_text(re.sub(rf"  - \{{name: {project.name}/user,.*", chosen, file.read_text()))

    write(copy, replace(extended(project, "postgres"), name="acme"))

    images, first = yaml.safe_load(file.read_text())["images"], project.services[0].slug
    assert {"name": "acme/user", "newName": "ghcr.io/us/user", "digest": "sha256:00"} in images
    assert images[0]["newName"].endswith(f"/acme/{first}")
    assert images[-1] == {
        "name": "acme/gift-postgres",
        "newName": images[0]["newName"].replace(first, "gift-postgres"),
        "newTag": images[0]["newTag"],
    }


def test_a_renamed_project_has_its_old_name_nowhere_and_can_go_back(project: Project, tmp_path: Path) -> None:
    """Licence and changes are the history of this base; a second renaming restores every byte."""
    for path in tracked():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, tmp_path / path)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}

    give_name(tmp_path, project, "acme-shop")

    found = {file for file in before if BASE.search(file.read_bytes())}
    assert {str(file.relative_to(tmp_path)) for file in found} <= {"LICENSE", "CHANGELOG.md"}
    assert (tmp_path / "README.md").read_text().splitlines()[1] == "# Acme shop"
    assert yaml.safe_load((tmp_path / "docker-compose.prod.yml").read_text())["name"] == "acme-shop"

    give_name(tmp_path, replace(project, name="acme-shop"), project.name)

    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before
