"""`bin/cli invariants`: checks that the databases agree, by rules of all and those of ``<service>/invariants.py``."""

import asyncio
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec

from cli.checks.contents import Contents, Rules
from cli.dev.console import say
from cli.environment import use_running_stack
from cli.errors import CommandError
from cli.events import published_by
from cli.services import SERVICES, STORED

SHOWN = 5
"""How many ids are printed for each rule."""
_OUTBOX = "SELECT event_id, listener FROM outbox"


def invariants() -> None:
    """Compare the databases of all services; prints the differences and exits 1 if they do not agree."""
    broken = asyncio.run(check(use_running_stack(STORED)))
    for rule, ids in broken.items():
        shown = ", ".join(ids[:SHOWN]) + (", …" if len(ids) > SHOWN else "")
        say(f"[red]✗[/red] {rule}; {len(ids)} differ: {shown}" if ids else f"[green]✓[/green] {rule}")
    if any(broken.values()):
        raise CommandError("The databases do not agree.")


async def check(environment: Mapping[str, str]) -> Rules:
    """
    Return each rule with the ids that break it; call it while no request is in progress.

    Args:
        environment: Contains the addresses of all databases.
    """
    contents, rules = Contents(environment), Rules()
    for service in SERVICES:
        if find_spec(module := f"{service.name}.invariants"):
            rules |= await import_module(module).check(contents)
    return rules | {"every outbox is empty": await _events_on_their_way(contents)}


async def _events_on_their_way(contents: Contents) -> list[str]:
    waiting = list[str]()
    for service in SERVICES:
        if service.store == "postgres" and published_by(service.name):
            (rows,) = await contents.rows(service.name, _OUTBOX)
            waiting += [f"{service.name}: {event} for {listener}" for event, listener in rows]
    return waiting
