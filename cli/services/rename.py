"""`bin/cli project`: the project's own name."""

import re
from dataclasses import replace
from pathlib import Path

import typer

from cli.errors import CommandError
from cli.services.discovery import ROOT
from cli.services.project import Project, check_project_name, read_about, read_project
from cli.services.render import write

_NAME = re.compile(r'^(\[project\]\nname = ")[^"]*(")$', re.MULTILINE)

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Print or change the project's name.")


@app.command("name")
def print_name() -> None:
    """Print the name: that of the images, the compose project, the namespace and the audience of access tokens."""
    typer.echo(read_about(ROOT)["name"])


@app.command()
def rename(name: str) -> None:
    """
    Give the project the name NAME, everywhere.

    Access tokens of the old name are refused; the volumes of its compose projects are not renamed.

    Raises:
        CommandError: Images, compose or Kubernetes cannot have this name, or rendered text was edited.
    """
    check_project_name(name)
    for path in give_name(ROOT, read_project(ROOT), name):
        typer.echo(f"wrote {path}")


def give_name(root: Path, project: Project, name: str) -> list[str]:
    """
    Rename the project below *root*; returns the paths of the files that changed.

    Raises:
        CommandError: pyproject.toml has another form, or rendered text was edited; nothing is changed then.
    """
    text, count = _NAME.subn(rf"\g<1>{name}\g<2>", (root / "pyproject.toml").read_text(encoding="utf-8"))
    if not count:
        raise CommandError('pyproject.toml must begin with [project], and name = "…" on the line below.')
    return write(root, replace(project, name=name), given={"pyproject.toml": text})
