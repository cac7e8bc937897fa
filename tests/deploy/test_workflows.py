import re
from pathlib import Path
from typing import Any

import yaml

from cli.services import SERVICES
from cli.services.kubernetes import overlays

ROOT = Path(__file__).parents[2]
GITHUB, GITLAB = ROOT / ".github/workflows/ci.yml", ROOT / ".gitlab-ci.yml"
NAMES = [service.name for service in SERVICES]


def load(file: Path) -> dict[str, Any]:
    """Return a workflow file."""
    loaded: dict[str, Any] = yaml.load(file.read_text(), yaml.BaseLoader)  # noqa: S506 - "on" stays a string
    return loaded


def test_both_have_the_same_jobs_for_every_service_and_overlay() -> None:
    """An image of each service; one deployment for each overlay."""
    github, gitlab = load(GITHUB)["jobs"], load(GITLAB)

    assert github.keys() == {"check", "test", "images", *overlays(ROOT)}
    assert github.keys() <= gitlab.keys()
    assert github["images"]["strategy"]["matrix"]["service"] == NAMES
    assert gitlab["images"]["parallel"]["matrix"] == [{"SERVICE": NAMES}]


def test_the_tests_run_on_the_python_of_the_images() -> None:
    """The Dockerfile says which one."""
    (python,) = re.findall(r"^ARG PYTHON=python:(\d\.\d+)-", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    assert set(re.findall(r'python-version: "(.*?)"', GITHUB.read_text())) == {python}
    assert load(GITLAB)["default"]["image"] == f"python:{python}-bookworm"


def test_actions_are_pinned_by_commit() -> None:
    """A tag may be moved to other code."""
    used = re.findall(r"uses: (.*)", GITHUB.read_text())

    assert used
    assert [one for one in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", one)] == []


def test_only_the_job_that_publishes_images_may_write() -> None:
    """A stolen token of another job reads what is public in the project anyway."""
    workflow = load(GITHUB)

    assert workflow["permissions"] == {"contents": "read"}
    granted = {name: job["permissions"] for name, job in workflow["jobs"].items() if "permissions" in job}
    assert granted == {"images": {"contents": "read", "packages": "write"}}


def test_no_expression_is_pasted_into_a_script() -> None:
    """Values reach a script as variables: a branch may have a name with shell syntax."""
    scripts = re.findall(r"run: (.*(?:\n {10}.*)*)", GITHUB.read_text())

    assert len(scripts) > len(load(GITHUB)["jobs"])
    assert [script for script in scripts if "${{" in script] == []
