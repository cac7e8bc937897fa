"""`bin/cli reset`: delete the development data, of all services or of one."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from cli.confirming import confirm
from cli.dev.console import say
from cli.dev.databases import embedded
from cli.dev.environment import given_environment
from cli.dev.files import DEVELOPMENT, LOCK
from cli.dev.lock import exclusive
from cli.errors import CommandError
from cli.services import SERVICES, Service, find_service


def reset(
    service: Annotated[str | None, typer.Argument(help="Delete the database of this service only.")] = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking, as for a script.")] = False,
) -> None:
    """
    Delete the development data: embedded databases and secrets, or the database of one service. Asks first.

    Raises:
        CommandError: The stack is running, the data belongs to another user, or the deletion was not confirmed.
    """
    chosen = find_service(service) if service else None
    with exclusive(LOCK):
        if chosen:
            _reset_one(chosen, yes=yes)
        else:
            _reset_all(yes=yes)


def _reset_all(*, yes: bool) -> None:
    # If the lock were recreated while a process waits for it, two could hold it.
    found = [path for path in DEVELOPMENT.iterdir() if path != LOCK]
    if not found:
        say(f"There is no development data in {DEVELOPMENT}.")
        return
    confirm(f"This deletes {_contents(found)}, in {DEVELOPMENT}.", "bin/cli reset --yes", yes=yes)
    for path in found:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    say("The development data is deleted. `make run` starts with new data.")


def _contents(found: list[Path]) -> str:
    """Return what the files of the development data are."""
    kinds = {path.name for path in found}
    databases = [service.name for service in SERVICES if service.store in kinds]
    what = [f"the embedded databases ({', '.join(databases)})"] if databases else []
    return " and ".join([*what, "the generated secrets"])


def _reset_one(service: Service, *, yes: bool) -> None:
    name = service.name
    if not service.store:
        say(f"{name} has no database.")
        return
    if given_environment().get(service.store_variable):
        raise CommandError(f"The database of {name} is your own ({service.store_variable} is set): delete it there.")
    if not (DEVELOPMENT / service.store).exists():
        say(f"There is no development data of {name}.")
        return
    confirm(f"This deletes the development database of {name}, and no other.", f"bin/cli reset {name} --yes", yes=yes)
    with embedded(service) as server:
        server.drop_database(service.database)
    say(f"The data of {name} is deleted. `make run` starts with an empty database for it.")
