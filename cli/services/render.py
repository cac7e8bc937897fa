"""`bin/cli render`: write everything that names the services or the project."""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from cli.errors import CommandError
from cli.services.compose import render_compose
from cli.services.discovery import ROOT
from cli.services.edge import render_edge
from cli.services.environment_example import render_environment_example
from cli.services.front import render_front
from cli.services.graphql_schema import render_graphql_schemas
from cli.services.kubernetes import render_kubernetes, render_manifests, service_file
from cli.services.locks import locked_libraries, make_locks, stale_locks, stray_locks
from cli.services.pages import render_pages
from cli.services.project import Project, read_project
from cli.services.regions import Refused, Region, WholeFile, is_edited, replaced, whole
from cli.services.small_files import render_small_files
from cli.services.workflows import render_workflows

_PYPROJECT = "pyproject.toml"

Texts = dict[str, str | None]
"""New texts of files by their paths; None removes the file."""


def render(
    *,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if a file is out of date.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Discard edits of rendered text.")] = False,
) -> None:
    """
    Write everything that names the services or the project: from */service.toml, their code and pyproject.toml.

    Raises:
        CommandError: A declaration is wrong, rendered text was edited, or (with --check) a file is out of date.
    """
    project = read_project(ROOT)
    if check:
        stale = out_of_date(ROOT, project)
        if stale:
            raise CommandError("\n".join([*(f"{path} is out of date." for path in stale), "Write it: bin/cli render"]))
        return
    for path in write(ROOT, project, force=force):
        typer.echo(f"wrote {path}")


def write(root: Path, project: Project, *, force: bool = False, given: Mapping[str, str] | None = None) -> list[str]:
    """
    Bring all files up to date; returns the paths of those that changed. Nothing is written if some text was edited.

    Args:
        given: New texts of files, by path, which replace those on disk before they are rendered.

    Raises:
        CommandError: Some text was edited, or a lock cannot be made.
    """
    before = locked_libraries((root / _PYPROJECT).read_text(encoding="utf-8"))
    texts = drafts(root, project, force=force, given=given)
    pyproject = (root / _PYPROJECT).read_text(encoding="utf-8")
    _write(root, texts)
    stale = stale_locks(root, project.services, before)
    try:
        make_locks(root, project.services, stale, before)
    except BaseException:
        _write(root, {_PYPROJECT: pyproject})  # so that the next call notices the stale locks
        raise
    texts |= {f"requirements/{service.name}.txt": "" for service in stale}
    manifests = _changes(root, render_manifests(root), {}, force=force)
    _write(root, manifests)
    return sorted(texts | manifests)


def write_front(root: Path, project: Project) -> list[str]:
    """
    Bring the files of the front up to date, and no others; returns the paths of those that changed.

    Raises:
        CommandError: Some text was edited.
    """
    texts = _changes(root, render_front(project), {})
    _write(root, texts)
    return sorted(texts)


def out_of_date(root: Path, project: Project) -> list[str]:
    """
    Return the paths of the files that rendering would change.

    Raises:
        CommandError: Some text was edited.
    """
    texts = drafts(root, project)
    before = locked_libraries((root / _PYPROJECT).read_text(encoding="utf-8"))
    locks = [f"requirements/{service.name}.txt" for service in stale_locks(root, project.services, before)]
    manifests = {} if texts else _changes(root, render_manifests(root), {})  # they are made of the other files
    return sorted({*texts, *locks, *manifests})


def drafts(root: Path, project: Project, *, force: bool = False, given: Mapping[str, str] | None = None) -> Texts:
    """
    Return the new texts of all files that change, without locks and manifests.

    Raises:
        CommandError: Some text was edited; the message says what to edit instead.
    """
    texts = _changes(root, renderings(project, root), dict(given or {}), force=force)
    folders = {service.slug for service in project.services}
    for file in root.glob(service_file("*")):
        if file.parent.name not in folders:
            if is_edited(file.read_text(encoding="utf-8")) and not force:
                raise CommandError(f"{file.relative_to(root)}: there is no such service, but it was edited. Remove it.")
            texts[str(file.relative_to(root))] = None
    return texts | {str(file.relative_to(root)): None for file in stray_locks(root, project.services)}


def renderings(project: Project, root: Path) -> Iterator[Region | WholeFile]:
    """Yield all that is rendered from the project, except the manifests that kustomize makes."""
    yield from render_compose(project)
    yield from render_edge(project)
    yield from render_environment_example(project)
    yield from render_kubernetes(project, root)
    yield from render_small_files(project)
    yield from render_pages(project, root)
    yield from render_workflows(project, root)
    yield from render_front(project)
    # --- about gateway ---
    yield from render_graphql_schemas(project, root)
    # --- end about gateway ---


def _changes(root: Path, rendered: Iterator[Region | WholeFile], texts: Texts, *, force: bool = False) -> Texts:
    """
    Return the texts that differ from the files.

    Raises:
        CommandError: Some text was edited.
    """
    problems = list[str]()
    for one in rendered:
        present = texts[one.path] if one.path in texts else _read(root / one.path)
        try:
            if isinstance(one, WholeFile):
                texts[one.path] = whole(present, one, force=force)
            else:
                texts[one.path] = replaced(present or "", one, force=force)
        except Refused as refused:
            problems.append(str(refused))
    if problems:
        raise CommandError("\n".join(problems))
    return {path: text for path, text in texts.items() if text != _read(root / path)}


def _read(file: Path) -> str | None:
    return file.read_text(encoding="utf-8") if file.exists() else None


def _write(root: Path, texts: Mapping[str, str | None]) -> None:
    """Write each file as a whole or not at all, and remove those without a text."""
    for path, text in texts.items():
        file = root / path
        if text is None:
            file.unlink()
            if not any(file.parent.iterdir()):
                file.parent.rmdir()
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f"{file.name}.{os.getpid()}.new")  # `make run` and a command may render at a time
        draft.write_text(text, encoding="utf-8")
        if file.exists():
            shutil.copymode(file, draft)
        draft.replace(file)
