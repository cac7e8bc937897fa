"""`python -m cli demo`: walks an order through the running services, as people and programs would."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

import typer
from pydantic import SecretStr

from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.failures import RemoteError
from chassis.errors import Conflict
from chassis.ids import new_id
from cli.client import client
from cli.environment import use_running_stack
from cli.errors import CommandError
from cli.user import add_admin
from user.schemas import UserAdd

DEMO_USER, DEMO_PASSWORD = "demo", "demo-password-for-development"
_ADMIN, _ADMIN_PASSWORD = "demo-admin", "admin-password-for-development"
_CATALOGUE = (("Teapot", 24.50, 100), ("Cup", 6.99, 400), ("Kettle", 199.99, 12))
_PATIENCE_S = 5.0


def demo() -> None:
    """Register, log in, create products, place orders; print each call with its time, and what analytics counts."""
    environment = dict(use_running_stack())
    asyncio.run(_demo(environment))


def ensure_demo_user(environment: Mapping[str, str]) -> tuple[str, str]:
    """Register the demo user of a development stack, unless it is there already; returns its name and password."""

    async def register() -> None:
        async with client(environment) as dispatcher:
            with suppress(RemoteError):  # it is there already
                await _register(dispatcher, DEMO_USER, DEMO_PASSWORD)

    asyncio.run(register())
    return DEMO_USER, DEMO_PASSWORD


async def ensure_demo_admin(environment: Mapping[str, str]) -> tuple[str, str]:
    """Make the demo admin of a development stack, unless it is there already; returns its name and password."""
    password = SecretStr(_ADMIN_PASSWORD)
    admin = UserAdd(username=_ADMIN, email=f"{_ADMIN}@example.org", password=password, role="admin")
    with suppress(Conflict):  # it is there already
        await add_admin(SecretStr(environment["USER_DATABASE_URL"]), admin)
    return _ADMIN, _ADMIN_PASSWORD


async def _demo(environment: Mapping[str, str]) -> None:
    admin, admin_password = await ensure_demo_admin(environment)
    async with client(environment) as dispatcher:
        steps = _Steps(dispatcher)
        name = f"demo-{new_id().hex[-8:]}"
        before = (await steps.do("what analytics counts", "analytics", "GET", "/api/v1/analytics/stats"))["total"]
        await steps.timed(
            "register (sealed)", "user", "POST /api/v1/users/register", _register(dispatcher, name, DEMO_PASSWORD)
        )
        token = await steps.log_in(name, DEMO_PASSWORD)
        products = await steps.create_catalogue(await steps.log_in(admin, admin_password))
        for product in products:
            order = {"product_id": product["id"], "quantity": 2}
            placed = await steps.do("place an order", "order", "POST", "/api/v1/orders", json=order, bearer=token)
            typer.echo(
                f"{'':30}2 x {product['name']} = {placed['total_price']:.2f} {placed['currency']}, {placed['status']}"
            )
        await steps.do("read one's orders", "order", "GET", "/api/v1/orders", bearer=token)
        await steps.show_counts(before + 1 + len(products))


@dataclass(frozen=True, slots=True)
class _Steps:
    """Makes calls, and prints each with its time."""

    dispatcher: Dispatcher

    async def do(self, what: str, service: str, method: str, path: str, **options: Any) -> Any:  # noqa: ANN401 - JSON
        call = self.dispatcher.call(service, method, path, sealed=False, idempotency_key=str(new_id()), **options)
        return await self.timed(what, service, f"{method} {path}", call)

    async def timed(self, what: str, service: str, request: str, call: Any) -> Any:  # noqa: ANN401 - JSON
        begun = monotonic()
        answer = await call
        typer.echo(f"{(monotonic() - begun) * 1000:7.1f} ms  {what:<24} {service}: {request}")
        return answer

    async def log_in(self, name: str, password: str) -> str:
        credentials = {"username": name, "password": password}
        answer = await self.do(f"log in ({name})", "user", "POST", "/api/v1/users/login", json=credentials)
        return str(answer["access_token"])

    async def create_catalogue(self, token: str) -> list[dict[str, Any]]:
        products = [{"name": name, "price": price, "stock": stock} for name, price, stock in _CATALOGUE]
        return [
            await self.do("create a product", "product", "POST", "/api/v1/products", json=product, bearer=token)
            for product in products
        ]

    async def show_counts(self, expected: int) -> None:
        """Print what analytics counts, once the events that were just announced have arrived."""
        begun = monotonic()
        stats = await self.do("what analytics counts now", "analytics", "GET", "/api/v1/analytics/stats")
        while stats["total"] < expected and monotonic() - begun < _PATIENCE_S:
            await asyncio.sleep(0.1)
            stats = await self.dispatcher.get("analytics", "/api/v1/analytics/stats", sealed=False)
        if stats["total"] < expected:
            raise CommandError(f"Analytics counts {stats['total']} events after {_PATIENCE_S:.0f} s, not {expected}.")
        typer.echo(f"\nAnalytics: {stats['total']} events, {stats['users']} users; by type: {stats['by_type']}")


async def _register(dispatcher: Dispatcher, name: str, password: str) -> Any:  # noqa: ANN401 - JSON
    account = {"username": name, "email": f"{name}@example.org", "password": password}
    return await dispatcher.post("user", "/api/v1/users/register", json=account, idempotency_key=name)
