"""`bin/cli demo`: uses the running services as people and programs would, with a part of each service's own."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from urllib.parse import urlsplit

from chassis.core.clock import utc_now
from chassis.core.types import new_id
from cli.checks.invariants import check, invariants
from cli.client import client
from cli.demo.accounts import ADMIN, ensure_demo_admin
from cli.demo.history import PAGE_VIEWED, send_events, send_history, view
from cli.demo.person import Person, log_in, note, register
from cli.dev.console import say
from cli.dev.polling import eventually
from cli.environment import use_running_stack
from cli.errors import CommandError
from cli.services import FRONT, SERVICES

_PATIENCE_S = 30.0
"""Events of a killed process are counted after 20 s."""
_PAUSE_S = 0.2
"""Between two checks: each reads all databases."""


def demo() -> None:
    """
    Register and log in, with times; send a month of events; do what ``<service>/demo.py`` has; show counts and check.

    Raises:
        CommandError: A service does not answer, or something is not as it should be.
    """
    environment = dict(use_running_stack(SERVICES))
    asyncio.run(_demo(environment))
    invariants()
    for service in SERVICES:
        if service.dashboard:  # for a browser: outside of what this runs in
            port = urlsplit(environment[(FRONT or service).url_variable]).port
            page = f"http://localhost:{port}{service.dashboard}"
            say(f"Dashboard: {page}  (log in as {ADMIN.name}, password {ADMIN.password})")


async def _demo(environment: Mapping[str, str]) -> None:
    async def is_quiet() -> bool:
        return not any((await check(environment)).values())

    async with client(environment) as dispatcher:
        admin = await log_in(dispatcher, await ensure_demo_admin(environment))
        await send_history(dispatcher, utc_now())
        begun = utc_now()
        login, person_id = await register(dispatcher, f"demo-{new_id().hex[-8:]}")
        visits = [view(new_id(), person_id, begun - timedelta(minutes=ago), "/teapots") for ago in (3, 2)]
        await send_events(dispatcher, visits)
        person = await log_in(dispatcher, login)
        counted = Counter({PAGE_VIEWED: len(visits)})
        for service in SERVICES:
            if find_spec(module := f"{service.name}.demo"):
                counted += await import_module(module).demo(person, admin)
        await _show_counts(person, counted)
    await eventually(is_quiet, _PATIENCE_S, _PAUSE_S)  # after that, the invariants show what is wrong


async def _show_counts(person: Person, counted: Counter[str]) -> None:
    path = "/api/v1/users/stats"

    async def is_counted() -> bool:  # sealed, as by a program that people trust with their tokens
        stats = (await person.dispatcher.send("user", "GET", path, bearer=person.token)).json()
        return bool(stats["by_type"] == counted)

    as_it_should = await eventually(is_counted, _PATIENCE_S)
    stats = await person.do("what analytics counts", "user", f"GET {path}")
    note(", ".join(f"{kind}: {count}" for kind, count in stats["by_type"].items()))
    if not as_it_should:
        raise CommandError(f"Analytics should have counted {dict(counted)}.")
