"""What a development stack takes from the services' code: which of them run, and with what. See ``Anew``."""

import os
import traceback
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.markup import escape

from chassis.settings import InvalidSettings
from cli.db import upgrade
from cli.dev.console import say
from cli.dev.environment import given_environment, service_environment, stack_environment, write_environment
from cli.dev.files import ROOT, SECRETS
from cli.dev.secrets import ensure_secrets
from cli.errors import CommandError
from cli.links import links, settings_class, with_peers
from cli.orm.stored import differences_of_database
from cli.services import SERVICES, Service, find_service


@dataclass(frozen=True, slots=True)
class Choice:
    """
    The services that run.

    Attributes:
        given: The variables of .env and of the caller's environment that they get.
        secrets: Their secrets, by name; missing ones were generated.
    """

    services: tuple[Service, ...]
    given: Mapping[str, str]
    secrets: Mapping[str, str]


def choose(names: Iterable[str], known: Collection[str]) -> Choice:
    """
    Choose the services of these *names*, those that are not *known* yet, and all that they need.

    Raises:
        CommandError: A service is unknown or calls an unknown one, or its settings cannot be imported.
    """
    _import_all()
    wanted = [*map(find_service, names), *(service for service in SERVICES if service.name not in known)]
    return Choice(with_peers(wanted), given_environment(), ensure_secrets(SECRETS, links()))


def equip(ports: Mapping[str, int], stores: Mapping[str, str], migrated: Collection[str]) -> dict[str, dict[str, str]]:
    """
    Check the settings of the services, migrate databases, and write the environment of the stack to ``.dev/env``.

    Args:
        ports: The port of each service, by its name.
        stores: The URLs of the databases, by variable name.
        migrated: The names of the services whose databases are migrated.

    Returns:
        The environment of each service, by its name.

    Raises:
        CommandError: A setting is invalid, or a migration failed.
    """
    given = given_environment()
    common = stack_environment(given, ensure_secrets(SECRETS, links()), ports, stores)
    environments = {name: service_environment(find_service(name), given | common) for name in ports}
    _check(environments)
    if migrated:
        _replace_environment(given | common)
        _migrate([service for service in SERVICES if service.name in migrated], given, stores)
    write_environment(common)
    return environments


def _migrate(services: Sequence[Service], given: Mapping[str, str], stores: Mapping[str, str]) -> None:
    """Migrate the databases; those of development get the tables of other teams, too, and are compared with them."""
    own = [service for service in services if not given.get(service.store_variable)]
    others = [service for service in services if service not in own]
    for service in others:
        if service.owner_variable not in stores:
            say(f"[yellow]{service.name}: not migrated, as {service.owner_variable} is not set.[/]")
    if owned := [service.name for service in others if service.owner_variable in stores]:
        upgrade(owned)
    if own:
        upgrade([service.name for service in own], foreign_tables=True)
    for service in own:
        if service.kind == "reflected":
            found = list(differences_of_database(ROOT / service.name, stores[service.store_variable]))
            if found:
                say(f"[yellow]{escape(_unlike(service, found))}[/]")


def _unlike(service: Service, found: Iterable[str]) -> str:
    name, differing = service.name, "; ".join(found)
    return (
        f"{name}: its development database differs from {name}/orm/columns.json: {differing}. Let its owner migrate it "
        f"({service.owner_variable} in .dev/env), or delete its data: stop the stack, then bin/cli reset {name}."
    )


def _import_all() -> None:
    names = {service.name for service in SERVICES}
    for name in sorted(names):
        try:
            peers = settings_class(name).peers
        except (Exception, SystemExit) as error:
            if isinstance(error, CommandError):
                raise
            raise CommandError(f"{name} cannot be imported: {describe(error)}.") from None
        if unknown := ", ".join(peers - names):
            raise CommandError(f"{name} calls {unknown}, but there is no folder {unknown} with a service.toml.")


def describe(error: BaseException) -> str:
    """Return an error as in ``NameError: name 'x' is not defined (gift/settings.py, line 3)``."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    file, line = place.filename, place.lineno
    if isinstance(error, SyntaxError):  # the traceback ends in the importing code
        file, line = error.filename or file, error.lineno
    text = getattr(error, "msg", str(error))
    if Path(file).is_relative_to(ROOT):
        file = str(Path(file).relative_to(ROOT))
    return f"{type(error).__name__}: {text} ({file}, line {line})"


def _check(environments: Mapping[str, Mapping[str, str]]) -> None:
    """
    Read the settings of each service.

    Raises:
        CommandError: A setting is invalid; the message names its variable.
    """
    ours, problems = dict(os.environ), list[str]()
    for name, environment in environments.items():
        _replace_environment(environment)
        try:
            settings_class(name).load()
        except InvalidSettings as error:
            problems.append(str(error))
    _replace_environment(ours)
    if problems:
        raise CommandError("\n".join([*problems, "Correct or remove it in .env, or where it is set."]))


def _replace_environment(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
