"""deploy/image.sh and deploy/apply.sh, with programs that record how they are called instead of docker and kubectl."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.git import commit, git

ROOT = Path(__file__).parents[2]
REGISTRY = "ghcr.io/Acme/my_shop"
PROGRAM = """\
#!/bin/sh
echo "$(basename "$0") $*" >>"$RECORD"
case "$*" in ${FAILS:-nothing}) exit 1;; esac
while [ $# -gt 0 ]; do [ "$1" != --filename ] || cp "$2" "$RECORD.yaml"; shift; done
case "$0" in *curl) echo 200;; esac
"""


class Checkout:
    """A small project in git, and what its scripts call."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        self.record = folder / "record"
        self.programs = folder / "programs"

    def change(self, *paths: str) -> None:
        """Commit a change of files."""
        for path in paths:
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            with (self.folder / path).open("a") as file:
                file.write("more\n")
        commit(self.folder)

    def run(self, script: str, *arguments: str, fails: str = "") -> subprocess.CompletedProcess[str]:
        """Run a script of deploy/; commands of docker and kubectl that match the pattern fail."""
        environment = os.environ | {"RECORD": str(self.record), "PATH": f"{self.programs}:{os.environ['PATH']}"}
        if fails:
            environment["FAILS"] = fails
        command = [str(self.folder / "deploy" / script), *arguments]
        return subprocess.run(command, env=environment, check=False, capture_output=True, text=True)

    def images(self) -> dict[str, str]:
        """Return the name of each service's image."""
        return {name: self.run("image.sh", name, REGISTRY).stdout.strip() for name in ("user", "gift_card")}

    def calls(self) -> list[str]:
        """Return the recorded commands."""
        return self.record.read_text().splitlines() if self.record.exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A project with two services and an overlay."""
    made = Checkout(tmp_path)
    made.programs.mkdir()
    for name in ("docker", "kubectl", "curl"):
        (made.programs / name).write_text(PROGRAM)
        (made.programs / name).chmod(0o755)
    overlay = made.folder / "deploy/kubernetes/overlays/staging"
    overlay.mkdir(parents=True)
    (overlay / "kustomization.yaml").write_text("namespace: shop-staging\n")
    rendered = made.folder / "deploy/kubernetes/rendered"
    rendered.mkdir()
    images = ("registry.example.org/shop/user:0.1.0", "registry.example.org/shop/gift-card@sha256:00", "nginx:stable")
    (rendered / "staging.yaml").write_text("".join(f"        image: {image}\n" for image in images))
    for script in ("image.sh", "apply.sh"):
        shutil.copy2(ROOT / "deploy" / script, made.folder / "deploy")
    asking = made.folder / "deploy/ask_edge.sh"
    asking.write_text('#!/bin/sh\necho "ask_edge.sh $*" >>"$RECORD"\n')
    asking.chmod(0o755)
    git(made.folder, "init", "--initial-branch=main")
    for name in ("user", "gift_card"):
        (made.folder / name).mkdir()
        (made.folder / name / "service.toml").write_text("port = 8002\n")
    made.change("chassis/app.py", "cli/__main__.py", "Dockerfile")
    return made


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("user/main.py", {"user"}),
        ("requirements/user.txt", {"user"}),
        ("chassis/app.py", {"user", "gift_card"}),
        ("deploy/worker.py", {"user", "gift_card"}),
        ("deploy/kubernetes/rendered/staging.yaml", set[str]()),
        ("docs/README.md", set[str]()),
        ("tests/user/test_login.py", set[str]()),
    ],
)
def test_an_image_has_another_tag_if_what_it_contains_changed(
    checkout: Checkout, path: str, expected: set[str]
) -> None:
    """Other services keep their images, and so their pods."""
    before = checkout.images()
    checkout.change(path)
    after = checkout.images()

    assert {name for name in before if before[name] != after[name]} == expected
    assert after["gift_card"].startswith("ghcr.io/acme/my_shop/gift-card:")
    assert len(after["user"].rpartition(":")[2]) == len("0123456789ab")


def test_an_image_that_the_registry_has_is_not_built_again(checkout: Checkout) -> None:
    """Neither is it pushed."""
    done = checkout.run("image.sh", "user", REGISTRY, "push")

    assert done.returncode == 0, done.stderr
    assert checkout.calls() == [f"docker buildx imagetools inspect {checkout.images()['user']}"]


def test_a_missing_image_is_built_and_pushed(checkout: Checkout) -> None:
    """A proposed change builds it alone."""
    image = checkout.images()["user"]
    build = f"docker build --target prod --build-arg SERVICE=user --build-arg PORT=8002 --tag {image} ."

    assert checkout.run("image.sh", "user", REGISTRY, "build", fails="buildx*").returncode == 0
    assert checkout.calls()[1:] == [build]
    assert checkout.run("image.sh", "user", REGISTRY, "push", fails="buildx*").returncode == 0
    assert checkout.calls()[3:] == [build, f"docker push {image}"]


def test_an_image_is_not_built_from_what_its_tag_does_not_name(checkout: Checkout) -> None:
    """Edits that are not committed are refused; so is a clone without the history."""
    (checkout.folder / "chassis/app.py").write_text("edited\n")
    shallow = checkout.folder.parent / "shallow"
    checkout.change("docs/README.md")
    (checkout.folder / "chassis/app.py").write_text("edited again\n")
    git(checkout.folder, "clone", "--depth=1", f"file://{checkout.folder}", str(shallow))

    dirty = checkout.run("image.sh", "user", REGISTRY, "push")
    checkout.folder = shallow
    cut = checkout.run("image.sh", "user", REGISTRY)

    assert (dirty.returncode, dirty.stderr) == (1, "Commit the changes of user first: its tag is a commit.\n")
    assert (cut.returncode, cut.stderr) == (1, "This clone lacks the history: git fetch --unshallow\n")
    assert checkout.calls() == []


def test_a_version_is_migrated_then_replaced_then_asked(checkout: Checkout) -> None:
    """The manifest has the images of this commit, and others' images as they were."""
    images = checkout.images()

    done = checkout.run("apply.sh", "staging", REGISTRY, "https://staging.example.org")

    assert done.returncode == 0, done.stderr
    assert [call.partition(" --")[0] for call in checkout.calls()] == [
        "kubectl delete job",
        "kubectl apply",
        "kubectl wait job",
        *("kubectl apply", "kubectl rollout status deployment") * 3,
        "ask_edge.sh https://staging.example.org",
    ]
    assert "component notin (service, edge)" in checkout.calls()[1]
    assert "--namespace shop-staging" in checkout.calls()[2]
    applied = Path(f"{checkout.record}.yaml").read_text()
    assert applied.split() == ["image:", images["user"], "image:", images["gift_card"], "image:", "nginx:stable"]


def test_what_sends_requests_on_is_replaced_after_what_answers_them(checkout: Checkout) -> None:
    """First the services, then the one with front = true, then the edge; each layer has come up before the next."""
    (checkout.folder / "gift_card/service.toml").write_text("port = 8002\nfront = true\n")
    checkout.change("docs/README.md")

    assert checkout.run("apply.sh", "staging", REGISTRY, "https://staging.example.org").returncode == 0

    selectors = [call.partition("--selector ")[2].partition(" --timeout")[0] for call in checkout.calls()[3:9]]
    component, name = "app.kubernetes.io/component", "app.kubernetes.io/name"
    layers = [f"{component}=service,{name}!=gift-card", f"{component}=service", f"{component}=edge"]
    assert selectors == [layer for layer in layers for _ in ("apply", "status")]


@pytest.mark.parametrize(("fails", "calls"), [("wait*", 3), ("rollout*", 5)])
def test_a_deployment_ends_where_it_fails(checkout: Checkout, fails: str, calls: int) -> None:
    """Services are not replaced if their databases were not migrated."""
    done = checkout.run("apply.sh", "staging", REGISTRY, "https://staging.example.org", fails=fails)

    assert done.returncode == 1
    assert len(checkout.calls()) == calls
