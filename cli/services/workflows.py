"""Continuous integration: the services whose images are built, in the files of the platforms that are used."""

from collections.abc import Iterator
from pathlib import Path

from cli.services.project import Project
from cli.services.regions import Region
from cli.services.text import SERVICE_FILES

WORKFLOWS = {
    ".github/workflows/ci.yml": "        service: [{}]\n",
    ".gitlab-ci.yml": "      - SERVICE: [{}]\n",
}
"""File -> its list of services. A team deletes the file of the platform that it does not use."""


def render_workflows(project: Project, root: Path) -> Iterator[Region]:
    """Yield the region of each file that is there."""
    names = ", ".join(service.name for service in project.services)
    for path, line in WORKFLOWS.items():
        if (root / path).exists():
            yield Region(path, "services", SERVICE_FILES, line.format(names))
