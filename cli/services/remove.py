"""`bin/cli service remove`: everything is checked, and tried in a copy, before anything is deleted."""

import json
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.dev.files import SECRETS
from cli.dev.secrets import forget_secrets
from cli.errors import CommandError
from cli.services.belongings import ignored_files, tracked_files
from cli.services.clean_tree import require_clean_tree
from cli.services.discovery import ROOT, Service, find_service
from cli.services.drafts import apply, difference, drafted, print_in_draft, render_draft, settle
from cli.services.mentions import take_out_mentions, take_out_passages
from cli.services.project import Project, read_project
from cli.services.stored_data import data_in_the_way, drop_data_of


def remove(
    name: str,
    *,
    drop_data: Annotated[
        bool, typer.Option("--drop-data", help="Delete the rows of its development database.")
    ] = False,
) -> None:
    """
    Remove the service NAME: its folder, tests, pages, database and keys, and its name everywhere else.

    Nothing is removed while another service calls it, while git does not have all changes, or while its database has
    rows.

    Raises:
        CommandError: Something stands in the way; the message names all of it.
    """
    service = find_service(name)
    require_clean_tree(ROOT)
    data = data_in_the_way(
        service, drop_data=drop_data
    )  # before the services are built, in an environment of their own
    project = read_project(ROOT)
    refuse(service, [*callers(service, calls_beside(service, ROOT)), *_ignored(service), *data])
    with drafted(ROOT) as draft:
        take_out(service, draft)
        check_draft(service, draft, admitted(service, project))
        changes = difference(draft)
    own = tracked_files(service, ROOT)
    had_data = drop_data_of(service)
    forget_secrets(SECRETS, service)
    apply(ROOT, changes)  # last: until now, the command can be repeated
    sweep(ROOT, {(ROOT / path).parent for path in own})
    typer.echo(f"removed {name}{', its development database and its keys' if had_data else ''}")
    typer.echo("Look at it: git status. Undo it: git restore --staged --worktree . && git clean -d --interactive")


def refuse(service: Service, obstacles: Iterable[str]) -> None:
    """
    Refuse the removal if there are obstacles.

    Raises:
        CommandError: There are.
    """
    if found := [f"  {one}" for one in obstacles]:
        raise CommandError("\n".join([f"Nothing was removed. In the way of {service.name}:", *found]))


def calls_beside(service: Service, root: Path) -> list[dict[str, Any]]:
    """
    Return the calls of all services, without those in passages about this one: they go with it.

    Raises:
        CommandError: The code is not valid without the passages.
    """
    with drafted(root) as draft:
        take_out_passages(service.name, draft)
        rows: list[dict[str, Any]] = json.loads(print_in_draft(draft, "-m", "cli", "calls", "--json"))
    return rows


def callers(service: Service, calls: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """
    Yield each service that calls this one, with its calls; deliveries of events end with the consumer.

    Args:
        calls: Rows of the table of calls.
    """
    from chassis.messaging.event_batch import PATH

    found = defaultdict[str, list[str]](list)
    for call in calls:
        if call["to"] == service.name and call["path"] != PATH:
            found[call["from"]].append(f"{call['method']} {call['path']}")
    for caller, of_it in found.items():
        yield (
            f"{caller} calls it ({', '.join(of_it)}): remove that from calls.py or settings.py in {caller}/, "
            f"or remove {caller} first."
        )


def admitted(service: Service, project: Project) -> dict[str, list[str]]:
    """Return the routes of other services that admit this one by its name: those for its calls, or for its events."""
    found = {
        part.service.name: [
            f"{route.method} {route.path}" for route in part.routes if service.name in route.policy.access.callers
        ]
        for part in project.parts
        if part.service != service
    }
    return {name: routes for name, routes in found.items() if routes}


def take_out(service: Service, root: Path) -> None:
    """Delete the files of a service, and what others say about it."""
    own = tracked_files(service, root)
    for path in own:
        (root / path).unlink()
    settle(root, [path for path in take_out_mentions(service.name, own, root) if path.endswith(".py")])


def check_draft(service: Service, draft: Path, admitted: dict[str, list[str]]) -> None:
    """
    Render the copy, which builds every service that stays.

    Raises:
        CommandError: A service does not start without the removed one.
    """
    if reason := render_draft(draft):
        consumers = (f"{name} admits it at {', '.join(routes)}." for name, routes in admitted.items())
        refuse(service, [*consumers, "the other services cannot be built without it:", *reason.splitlines()[-5:]])


def sweep(root: Path, folders: Iterable[Path]) -> None:
    """Delete those of the folders, and of their parents, in which compiled Python alone is left."""
    for start in folders:
        folder = start
        while folder != root and not _has_files(folder):
            shutil.rmtree(folder, ignore_errors=True)  # git has removed it if it was empty
            folder = folder.parent


def _has_files(folder: Path) -> bool:
    return any(path.is_file() and "__pycache__" not in path.parts for path in folder.rglob("*"))


def _ignored(service: Service) -> list[str]:
    ignored = ignored_files(service, ROOT)
    return [f"git ignores {', '.join(ignored)}, so it could not be restored: move or delete it."] if ignored else []
