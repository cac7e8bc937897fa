"""The workflows of the platforms; a team deletes the one that it does not use."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.services import SERVICES
from cli.services.kubernetes import overlays
from cli.services.workflows import WORKFLOWS

ROOT = Path(__file__).parents[2]
PRESENT = [ROOT / path for path in WORKFLOWS if (ROOT / path).exists()]
ON_GITHUB = [file for file in PRESENT if file.parent.name == "workflows"]
STEPS = ["make check", "make test SINCE=", "deploy/image.sh ", *(f"deploy/apply.sh {name} " for name in overlays(ROOT))]

every_platform = pytest.mark.parametrize("file", PRESENT, ids=lambda file: file.name)
github = pytest.mark.parametrize("file", ON_GITHUB, ids=lambda file: file.name)


def load(file: Path) -> dict[str, Any]:
    """Return a workflow file."""
    loaded: dict[str, Any] = yaml.load(file.read_text(), yaml.BaseLoader)  # noqa: S506 - "on" stays a string
    return loaded


@every_platform
def test_each_step_is_there_for_every_service_and_overlay(file: Path) -> None:
    """Checks, tests, images and deployments, each by one command."""
    text = file.read_text()

    assert [step for step in STEPS if text.count(step) != 1] == []
    assert f"[{', '.join(service.name for service in SERVICES)}]" in text


@every_platform
def test_the_tests_run_on_the_python_of_the_images(file: Path) -> None:
    """The Dockerfile says which one."""
    (python,) = re.findall(r"^ARG PYTHON=python:([0-9.]+)-", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    assert set(re.findall(r'(?:python-version: "|image: python:)([0-9.]+)', file.read_text())) == {python}


@github
def test_actions_are_pinned_by_commit(file: Path) -> None:
    """A tag may be moved to other code."""
    used = re.findall(r"uses: (.*)", file.read_text())

    assert used
    assert [one for one in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", one)] == []


@github
def test_only_the_job_that_publishes_images_may_write(file: Path) -> None:
    """The token of any other job reads the repository, and no more."""
    workflow = load(file)

    assert workflow["permissions"] == {"contents": "read"}
    granted = {name: job["permissions"] for name, job in workflow["jobs"].items() if "permissions" in job}
    assert granted == {"images": {"contents": "read", "packages": "write"}}


@github
def test_no_expression_is_pasted_into_a_script(file: Path) -> None:
    """Values reach a script as variables: a branch may have a name with shell syntax."""
    scripts = re.findall(r"run: (.*(?:\n {10}.*)*)", file.read_text())

    assert len(scripts) > len(load(file)["jobs"])
    assert [script for script in scripts if "${{" in script] == []
