"""`bin/cli demo`: places orders with the running services, as people and programs would."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta

from chassis.core.clock import utc_now
from chassis.core.types import new_id
from chassis.dispatch.errors import RemoteError
from cli.checks.invariants import check, invariants, read_facts
from cli.client import client
from cli.demo.accounts import ADMIN, ensure_demo_admin
from cli.demo.catalogue import ensure_catalogue
from cli.demo.history import PAGE_VIEWED, send_events, send_history, view
from cli.demo.person import Person, log_in, note, register
from cli.dev.console import say
from cli.dev.polling import eventually
from cli.environment import use_running_stack
from cli.errors import CommandError
from cli.services import SERVICES

_COUNTED = {PAGE_VIEWED: 2, "user.registered": 1, "order.confirmed": 3, "order.cancelled": 1, "order.rejected": 1}
"""The counts of the demo's person that analytics must reach."""
_ORDERS = "/api/v1/orders"
_PATIENCE_S = 30.0
"""Events of a killed process are counted after 20 s."""
_PAUSE_S = 0.2
"""Between two checks: each reads all databases."""


def demo() -> None:
    """
    Register, log in, order and cancel, with times; send a month of events; show counts and check the invariants.

    The catalogue is created once, and refilled in later runs.

    Raises:
        CommandError: A service does not answer, or something is not as it should be.
    """
    environment = dict(use_running_stack())
    if missing := [one.name for one in SERVICES if one.url_variable not in environment]:
        raise CommandError(f"The demo needs all services. Not running: {', '.join(missing)}. Start them: make run")
    asyncio.run(_demo(environment))
    invariants()
    page = f"{environment['ANALYTICS_SERVICE_URL']}/dashboard"
    say(f"Dashboard: {page}  (log in as {ADMIN.name}, password {ADMIN.password})")


async def _demo(environment: Mapping[str, str]) -> None:
    async def is_quiet() -> bool:
        return not any(check(await read_facts(environment)).values())

    async with client(environment) as dispatcher:
        admin = await log_in(dispatcher, await ensure_demo_admin(environment))
        products = await ensure_catalogue(admin)
        await send_history(dispatcher, utc_now())
        begun = utc_now()
        login, person_id = await register(dispatcher, f"demo-{new_id().hex[-8:]}")
        visits = [view(new_id(), person_id, begun - timedelta(minutes=ago), "/teapots") for ago in (3, 2)]
        await send_events(dispatcher, visits)
        person = await log_in(dispatcher, login)
        await _shop(person, *products)
        await _show_counts(person)
    await eventually(is_quiet, _PATIENCE_S, _PAUSE_S)  # after that, the invariants show what is wrong


async def _shop(person: Person, teapot: str, cup: str, kettle: str) -> None:
    several, key = {"items": [_item(teapot, 2), _item(cup, 6)]}, str(new_id())
    await _order(person, "order one product", _item(kettle, 1))
    first = await _order(person, "order several", several, key)
    if await _order(person, "the same key again", several, key) != first:
        raise CommandError("The same Idempotency-Key created two orders.")
    order = f"{_ORDERS}/{await _order(person, 'order some more', _item(cup, 1))}"
    note((await person.do("cancel that", "order", f"POST {order}/cancel"))["status"])
    history = (await person.do("its history", "order", f"GET {order}/history"))["items"]
    note(" -> ".join(f"{one['status']} ({one['cause']})" for one in history))
    with suppress(RemoteError):
        await _order(person, "order 13 of 12", _item(kettle, 13))
        raise CommandError("More units were sold than are in stock.")
    await person.do("list one's orders", "order", f"GET {_ORDERS}")


async def _order(person: Person, what: str, wanted: object, key: str | None = None) -> str:
    placed = await person.do(what, "order", f"POST {_ORDERS}", wanted, key=key)
    note(f"{placed['status']}, {placed['total_price']} {placed['currency']}, {placed['id']}")
    return str(placed["id"])


async def _show_counts(person: Person) -> None:
    path = "/api/v1/users/stats"

    async def is_counted() -> bool:
        stats = (await person.dispatcher.send("user", "GET", path, bearer=person.token)).json()
        return bool(stats["by_type"] == _COUNTED)

    as_it_should = await eventually(is_counted, _PATIENCE_S)
    stats = await person.do("what analytics counts", "user", f"GET {path}")
    note(", ".join(f"{kind}: {count}" for kind, count in stats["by_type"].items()))
    if not as_it_should:
        raise CommandError(f"Analytics should have counted {_COUNTED}.")


def _item(product_id: str, quantity: int) -> dict[str, object]:
    return {"product_id": product_id, "quantity": quantity}
