"""`bin/cli demo`: places orders with the running services, as people and programs would."""

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

import typer
from pydantic import SecretStr

from chassis.core.errors import Conflict
from chassis.core.types import new_id
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import RemoteError
from cli.checks.invariants import check, invariants, read_facts
from cli.client import client
from cli.dev.console import say
from cli.dev.polling import eventually
from cli.environment import use_running_stack
from cli.errors import CommandError
from cli.user import add_admin
from user.schemas import UserAdd

DEMO_USER, DEMO_PASSWORD = "demo", "demo-password-for-development"
_ADMIN, _ADMIN_PASSWORD = "demo-admin", "admin-password-for-development"
_CATALOGUE = [
    {"name": name, "price": price, "stock": stock}
    for name, price, stock in (("Teapot", 24.50, 100), ("Cup", 6.99, 400), ("Kettle", 199.99, 12))
]
_COUNTED = {"user.registered": 1, "order.confirmed": 3, "order.cancelled": 1, "order.rejected": 1}
"""The counts of the demo's person that analytics must reach."""
_ORDERS = "/api/v1/orders"
_PATIENCE_S = 30.0
"""Events of a killed process are counted after 20 s."""
_PAUSE_S = 0.2
"""Between two checks: each reads all databases."""


def demo() -> None:
    """Register, log in, create products, order and cancel, with times; then show counts and check the invariants."""
    environment = dict(use_running_stack())
    asyncio.run(_demo(environment))
    invariants()
    page = f"{environment['ANALYTICS_SERVICE_URL']}/dashboard"
    say(f"Dashboard: {page}, user {_ADMIN}, password {_ADMIN_PASSWORD}")


def ensure_demo_user(environment: Mapping[str, str]) -> tuple[str, str]:
    """Register the demo user of a development stack, unless it exists; returns its name and password."""

    async def register() -> None:
        async with client(environment) as dispatcher:
            with suppress(RemoteError):  # it exists already
                await _register(dispatcher, DEMO_USER)

    asyncio.run(register())
    return DEMO_USER, DEMO_PASSWORD


async def ensure_demo_admin(environment: Mapping[str, str]) -> tuple[str, str]:
    """Create the demo admin of a development stack, unless it exists; returns its name and password."""
    password = SecretStr(_ADMIN_PASSWORD)
    admin = UserAdd(username=_ADMIN, email=f"{_ADMIN}@example.org", password=password, role="admin")
    with suppress(Conflict):  # it exists already
        await add_admin(SecretStr(environment["USER_DATABASE_URL"]), admin)
    return _ADMIN, _ADMIN_PASSWORD


async def _demo(environment: Mapping[str, str]) -> None:
    async def is_quiet() -> bool:
        return not any(check(await read_facts(environment)).values())

    name = f"demo-{new_id().hex[-8:]}"
    async with client(environment) as dispatcher:
        admin = await _log_in(dispatcher, *await ensure_demo_admin(environment))
        created = [await admin.do("create a product", "product", "POST /api/v1/products", one) for one in _CATALOGUE]
        await _timed("register (sealed)", "user", "POST /api/v1/users/register", _register(dispatcher, name))
        person = await _log_in(dispatcher, name, DEMO_PASSWORD)
        await person.shop(*(product["id"] for product in created))
        await person.show_counts()
    await eventually(is_quiet, _PATIENCE_S, _PAUSE_S)  # after that, the invariants show what is wrong


@dataclass(frozen=True, slots=True)
class _Person:
    """Makes calls for a person, and prints each with its time."""

    dispatcher: Dispatcher
    token: str | None = None

    async def do(self, what: str, service: str, request: str, json: object = None, key: str | None = None) -> Any:  # noqa: ANN401 - JSON
        method, path = request.split()
        options: dict[str, Any] = {"json": json, "idempotency_key": key, "bearer": self.token, "sealed": False}
        return (await _timed(what, service, request, self.dispatcher.send(service, method, path, **options))).json()

    async def shop(self, teapot: str, cup: str, kettle: str) -> None:
        several, key = {"items": [_item(teapot, 2), _item(cup, 6)]}, str(new_id())
        await self.order("order one product", _item(kettle, 1))
        first = await self.order("order several", several, key)
        if await self.order("the same key again", several, key) != first:
            raise CommandError("The same Idempotency-Key created two orders.")
        order = f"{_ORDERS}/{await self.order('order some more', _item(cup, 1))}"
        _note((await self.do("cancel that", "order", f"POST {order}/cancel"))["status"])
        history = (await self.do("its history", "order", f"GET {order}/history"))["items"]
        _note(" -> ".join(f"{one['status']} ({one['cause']})" for one in history))
        with suppress(RemoteError):
            await self.order("order 13 of 12", _item(kettle, 13))
            raise CommandError("More units were sold than are in stock.")
        await self.do("list one's orders", "order", f"GET {_ORDERS}")

    async def order(self, what: str, wanted: object, key: str | None = None) -> str:
        placed = await self.do(what, "order", f"POST {_ORDERS}", wanted, key)
        _note(f"{placed['status']}, {placed['total_price']} {placed['currency']}, {placed['id']}")
        return str(placed["id"])

    async def show_counts(self) -> None:
        async def is_counted() -> bool:
            stats = (await self.dispatcher.send("user", "GET", "/api/v1/users/stats", bearer=self.token)).json()
            return bool(stats["by_type"] == _COUNTED)

        as_it_should = await eventually(is_counted, _PATIENCE_S)
        stats = await self.do("what analytics counts", "user", "GET /api/v1/users/stats")
        _note(", ".join(f"{kind}: {count}" for kind, count in stats["by_type"].items()))
        if not as_it_should:
            raise CommandError(f"Analytics should have counted {_COUNTED}.")


def _item(product_id: str, quantity: int) -> dict[str, object]:
    return {"product_id": product_id, "quantity": quantity}


async def _log_in(dispatcher: Dispatcher, name: str, password: str) -> _Person:
    credentials = {"username": name, "password": password}
    answer = await _Person(dispatcher).do(f"log in ({name})", "user", "POST /api/v1/users/login", credentials)
    return _Person(dispatcher, answer["access_token"])


async def _register(dispatcher: Dispatcher, name: str) -> Any:  # noqa: ANN401 - JSON
    account = {"username": name, "email": f"{name}@example.org", "password": DEMO_PASSWORD}
    return (await dispatcher.send("user", "POST", "/api/v1/users/register", json=account)).json()


async def _timed(what: str, service: str, request: str, answer: Awaitable[Any]) -> Any:  # noqa: ANN401 - JSON
    begun, refused = monotonic(), ""
    try:
        return await answer
    except RemoteError as error:
        refused = f" -> {error.remote_status} {error.remote_code}"
        raise
    finally:
        typer.echo(f"{(monotonic() - begun) * 1000:7.1f} ms  {what:<24} {service}: {request}{refused}")


def _note(text: str) -> None:
    typer.echo(f"{'':12}{text}")
