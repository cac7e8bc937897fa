"""The places that a rendered service must be in."""

import json
import re
import tomllib
from collections.abc import Mapping

import yaml

from cli.services import FRONT
from cli.services.workflows import WORKFLOWS
from tests.deploy.manifests import Manifest


def check_places(files: Mapping[str, str], kind: str) -> None:
    """A service of this kind is in every place that names services."""
    name, host = f"gift_{kind}", f"gift-{kind}-service"
    check_compose(files, name, host, is_migrated=kind != "none")
    check_manifests(files, kind, host, is_migrated=kind != "none")
    if kind == "reflected":
        check_owner(files, name, host)
    # --- about gateway ---
    check_front_door(files, kind)
    # --- end about gateway ---
    nginx, settings = files["deploy/nginx/nginx.conf"], files[".env.example"]
    assert re.search(rf"~\^/api/v1/gifts-{kind}\(/\|\$\) {FRONT.host if FRONT else host}\$domain:", nginx)
    assert f'~^/api/v1/gifts-{kind}/[^/]+/secret/?$ "";' in nginx
    assert f"/api/v1/gifts-{kind} $binary_remote_addr;" in nginx
    assert (f"# {name.upper()}_{'MONGODB' if kind == 'mongodb' else 'DATABASE'}_URL=" in settings) is (kind != "none")
    assert f"# LINK_KEY__{name.upper()}__USER=" in settings
    assert "# Whether gifts are wrapped.\n# GIFT_WRAP=true\n" in settings
    pyproject = tomllib.loads(files["pyproject.toml"])
    assert name in pyproject["project"]["optional-dependencies"]
    assert name in pyproject["tool"]["importlinter"]["root_packages"]
    assert host in files["deploy/prometheus/prometheus.yml"]
    assert f"!{name}\n" in files[".dockerignore"]
    assert all(name in files[path] for path in WORKFLOWS if path in files)
    assert f"| `{name}` |" in files["README.md"]
    assert f"| `{name}` | `analytics`, `user` | `{name}.given` |  |" in files["docs/architecture.md"]
    assert f"requirements/{name}.txt" in files


def check_compose(files: Mapping[str, str], name: str, host: str, *, is_migrated: bool) -> None:
    """It is in both compose files."""
    development, production = (yaml.safe_load(files[f"docker-compose{suffix}.yml"]) for suffix in ("", ".prod"))
    assert f"./{name}:/app/{name}:ro" in development["services"][host]["volumes"]
    assert name in json.loads(development["services"]["user-service"]["environment"]["DOCS_SERVICES"])
    assert f"/secrets/{name}" in development["services"]["migrate"]["environment"]["SECRETS_DIR"].split()
    assert f"set $service {host}:" in files["deploy/nginx/development.conf"]
    assert development["services"][host]["environment"]["GIFT_WRAP"] == "${GIFT_WRAP:-}"
    assert production["services"][host]["environment"]["GIFT_WRAP"] == "${GIFT_WRAP:-}"
    assert host in production["services"]["edge"]["depends_on"]
    assert (host.replace("-service", "-migrate") in production["services"]) is is_migrated
    assert name in production["secrets"]


def check_manifests(files: Mapping[str, str], kind: str, host: str, *, is_migrated: bool) -> None:
    """It is in the manifests of production."""
    rendered = yaml.load_all(files["deploy/kubernetes/rendered/production.yaml"], yaml.CSafeLoader)
    manifests: dict[tuple[str, str], Manifest] = {(one["kind"], one["metadata"]["name"]): one for one in rendered}
    pod = manifests["Deployment", host]["spec"]["template"]
    assert pod["metadata"]["labels"].get("database") == {"reflected": "postgres", "none": None}.get(kind, kind)
    assert f"/gift-{kind}:" in pod["spec"]["containers"][0]["image"]
    assert (("Job", f"gift-{kind}-migrate") in manifests) is is_migrated
    peers, outside = manifests["NetworkPolicy", f"gift-{kind}"]["spec"]["egress"]
    assert peers["to"][0]["podSelector"]["matchExpressions"][0]["values"] == ["analytics", "user"]
    assert outside == {"ports": [{"port": 443}]}


def check_owner(files: Mapping[str, str], name: str, host: str) -> None:
    """The address for the owner of its database is given to its migrations, and to nothing else."""
    development, production = (yaml.safe_load(files[f"docker-compose{suffix}.yml"]) for suffix in ("", ".prod"))
    owner, migration = f"{name}_owner", host.replace("-service", "-migrate")
    assert f"/secrets/{owner}" in development["services"]["migrate"]["environment"]["SECRETS_DIR"].split()
    assert owner in production["secrets"]
    assert production["services"][migration]["environment"]["SECRETS_DIR"].split()[1:] == [f"/run/secrets/{owner}"]
    assert [one for one, its in production["services"].items() if owner in its.get("secrets", ())] == [migration]
    rendered = yaml.load_all(files["deploy/kubernetes/rendered/production.yaml"], yaml.CSafeLoader)
    mounted = {
        one["metadata"]["name"]: one["spec"]["template"]["spec"]["volumes"][0]["secret"]["secretName"]
        for one in rendered
        if one["kind"] in {"Deployment", "Job"} and one["metadata"]["name"] in {host, migration}
    }
    slug = name.replace("_", "-")
    assert mounted == {host: f"{slug}-secrets", migration: f"{slug}-owner-secrets"}
    roles = re.findall(
        rf"# {name.upper()}_(\w+)_URL=postgresql://(\w+):change-me@127.0.0.1:5432/{name}\n", files[".env.example"]
    )
    assert roles == [("DATABASE", name), ("OWNER", owner)]


# --- about gateway ---
def check_front_door(files: Mapping[str, str], kind: str) -> None:
    """The service that fronts the others forwards its routes, has its address, and hides its route for services."""
    assert FRONT
    door = tomllib.loads(files[f"{FRONT.name}/front_door/routes.toml"])
    settings, path = files[f"{FRONT.name}/settings.py"], f"/api/v1/gifts-{kind}"
    assert f"    gift_{kind}_service_url: ServiceUrl\n" in settings
    assert f'"gift_{kind}"' in settings
    assert [
        (one["method"], one["path"], one["sealed"]) for one in door["open"] if one["service"] == f"gift_{kind}"
    ] == [("GET", path, True)]
    assert f"{path}/{{gift_id}}/secret" in door["closed"]


# --- end about gateway ---
