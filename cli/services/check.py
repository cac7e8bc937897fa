"""`bin/cli service check`: what the folder of a service lacks."""

from collections.abc import Callable, Collection, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.errors import CommandError
from cli.services.belongings import files_with_passages, unmatched_patterns
from cli.services.discovery import DECLARATION, ROOT, SERVICES, Service, find_service

_MINIMAL = 'port = 8010 (a free one) and database = "postgres" (or "mongodb", "reflected", "none")'
_SOURCES = {
    "settings.py": "a class Settings with service_name, about, tokens_from and peers",
    "main.py": "a function build() that returns create_app(…)",
    "README.md": "its page, with a region 'declared' that `bin/cli render` fills",
}


def check(name: Annotated[str | None, typer.Argument(help="Default: all services.")] = None) -> None:
    """
    List what the service NAME lacks: files, settings, migrations, tables of its tests, rendered text.

    Raises:
        CommandError: Something is missing; the message says what to write.
    """
    if name and not (ROOT / name / DECLARATION).exists() and (ROOT / name).is_dir():
        raise CommandError(f"{name}/{DECLARATION} is missing: write {_MINIMAL} into it.")
    chosen = (find_service(name),) if name else SERVICES
    problems = [problem for service in chosen for problem in lacks(service, ROOT)]
    if not problems:
        problems = list(_stale())
    if problems:
        raise CommandError("\n".join(problems))
    typer.echo(f"{', '.join(service.name for service in chosen)}: complete")


def lacks(service: Service, root: Path) -> Iterator[str]:
    """Yield what a service lacks, each with what to write."""
    missing = [file for file in _SOURCES if not (root / service.name / file).exists()]
    yield from (f"{service.name}/{file} is missing: write {_SOURCES[file]}." for file in missing)
    if service.store:
        yield from _migrations(service, root)
    for pattern in unmatched_patterns(service, root):
        yield f"{service.name}/{DECLARATION}: owns has {pattern}, but there is no such file. Remove the entry."
    try:
        files_with_passages(service.name, root)
    except CommandError as error:
        yield str(error)
    if not {"settings.py", "main.py"} & set(missing):
        yield from _declared(service)


def _migrations(service: Service, root: Path) -> Iterator[str]:
    folder = service.name
    if service.kind == "mongodb":
        if not (root / folder / "models.py").exists():
            yield f"{folder}/models.py is missing: write INDEXES into it."
        return
    if not (root / folder / "alembic.ini").exists():
        yield f"{folder}/alembic.ini and {folder}/migrations/ are missing: copy them from another service."
    elif not list((root / folder / "migrations/versions").glob("*.py")):
        yield f'{folder} has no migration. Write one: bin/cli db migrate {folder} -m "create its tables"'


def _declared(service: Service) -> Iterator[str]:
    """Yield what its code and the tables of its tests lack, for which the service is built."""
    from cli.build import build_all
    from cli.links import settings_class
    from cli.routes import declared_routes

    settings = settings_class(service.name)
    if settings.service_name != service.name:
        yield f"{service.name}/settings.py: service_name must be '{service.name}', as its folder."
        return
    try:
        routes = declared_routes(build_all())
    except Exception as error:  # noqa: BLE001 - any error of its code
        yield f"{service.name} cannot be built: {type(error).__name__}: {error}"
        return
    own = [route for route in routes if route.service == service.name]
    yield from _table(service, "access", lambda module: module.TABLE.policies, [f"{r.method} {r.path}" for r in own])
    keyed = [f"{route.method} {route.path}" for route in own if route.policy.idempotency.name == "keyed"]
    yield from _table(service, "repeated", lambda module: module.KEYED_ROUTES.routes, keyed)


def _table(service: Service, name: str, entries: Callable[[Any], Collection[str]], wanted: list[str]) -> Iterator[str]:
    """Yield the routes that a table of the tests lacks."""
    from cli.routes import PROBES

    module, file = f"tests.{service.name}.{name}", f"tests/{service.name}/{name}.py"
    routes = [route for route in wanted if route.partition(" ")[2] not in PROBES]
    found = entries(import_module(module)) if _is_there(module) else None
    if routes and found is None:
        yield f"{file} is missing: add a line for each of {', '.join(routes)}."
        return
    yield from (f"{file}: add {route}." for route in routes if route not in (found or ()))


def _is_there(module: str) -> bool:
    """Whether a module of the tests can be imported; a missing folder is no error."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _stale() -> Iterator[str]:
    """Yield the rendered files that are out of date."""
    from cli.services.project import read_project
    from cli.services.render import out_of_date

    stale = out_of_date(ROOT, read_project(ROOT))
    if stale:
        yield f"Out of date: {', '.join(stale)}. Write them: bin/cli render"
