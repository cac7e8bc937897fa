"""
The GraphQL schema of a service as a file, ``<service>/schema.graphql``: what clients rely on.

A change that breaks them is rendered only if ``<service>/breaking-changes.txt`` lists it.
"""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from cli.errors import CommandError
from cli.services.project import Project
from cli.services.regions import WholeFile

ACKNOWLEDGED = "breaking-changes.txt"


def render_graphql_schemas(project: Project, root: Path) -> Iterator[WholeFile]:
    """
    Yield the schema of each service that has ``graphql/schema.py``.

    Raises:
        CommandError: It breaks clients, and the change is not acknowledged.
    """
    for service in project.services:
        folder = root / service.name
        if (folder / "graphql" / "schema.py").exists():
            text = f"{import_module(f'{service.name}.graphql.schema').SCHEMA.as_str()}\n"
            refuse_breaking(folder / "schema.graphql", text)
            yield WholeFile(f"{service.name}/schema.graphql", f"{service.name}/graphql", text)


def refuse_breaking(file: Path, text: str) -> None:
    """
    Refuse a new text of a schema that breaks clients of the present one, unless each change is acknowledged.

    Raises:
        CommandError: The message has the changes, and what to do.
    """
    from graphql import build_schema, find_breaking_changes

    if not file.exists():
        return
    list_of_ours = file.with_name(ACKNOWLEDGED)
    acknowledged = list_of_ours.read_text(encoding="utf-8").splitlines() if list_of_ours.exists() else []
    changes = find_breaking_changes(build_schema(file.read_text(encoding="utf-8")), build_schema(text))
    if new := sorted({change.description for change in changes} - {*acknowledged}):
        lines = "".join(f"\n  {line}" for line in new)
        raise CommandError(
            f"{file.name}: these changes break clients:{lines}\nKeep what they use, and deprecate it. If it must go, "
            f"add these lines to {file.parent.name}/{ACKNOWLEDGED}."
        )
