"""A schema for tests, with one field of each kind that the HTTP layer distinguishes, and a service that serves it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import strawberry

from chassis.core.errors import AppError
from gateway.graphql.endpoint import Endpoint
from gateway.graphql.operations import Operations
from gateway.graphql.page import SchemaPage
from gateway.graphql.routes import graphql_router
from gateway.graphql.subscriptions import Subscribers
from tests.chassis.tiny import Tiny, serve_tiny
from tests.gateway.parts import UNLIMITED

LONG = 100_000


@strawberry.type
class Thing:
    """A thing, which has things."""

    id: strawberry.ID
    name: str = "thing"

    @strawberry.field
    def things(self, first: int = 10) -> "list[Thing]":
        """Return *first* things."""
        return things(first)

    @strawberry.field
    def parts(self) -> "list[Thing]":
        """Return two things; the client does not say how many."""
        return things(2)

    @strawberry.field
    async def broken(self) -> str | None:
        """Fail."""
        raise AppError("This part is broken.")


def things(count: int) -> list[Thing]:
    """Return as many things."""
    return [Thing(id=strawberry.ID(str(number))) for number in range(count)]


@strawberry.type
class Query:
    """What can be read."""

    @strawberry.field
    def me(self) -> Thing:
        """Return a thing."""
        return Thing(id=strawberry.ID("me"))

    @strawberry.field
    def things(self, first: int = 10, ids: list[strawberry.ID] | None = None) -> list[Thing]:
        """Return these things, or else *first* things."""
        return things(len(ids) if ids else first)

    @strawberry.field
    def half(self, value: float) -> float:
        """Return a number's half."""
        return value / 2

    @strawberry.field
    async def slow(self) -> str:
        """Return nothing for a long time."""
        await asyncio.sleep(60)
        return "late"


@strawberry.type
class Mutation:
    """What can be changed."""

    changes = 0

    @strawberry.mutation
    def change(self) -> int:
        """Count a change."""
        Mutation.changes += 1
        return Mutation.changes


@strawberry.type
class Subscription:
    """What can be followed."""

    closed = asyncio.Event()

    @strawberry.subscription
    async def count(self, to: int = 3) -> AsyncGenerator[int, None]:
        """Count to a number; -1 waits forever after 1, and -2 fails."""
        try:
            for number in range(1, abs(to) + 1 if to > 0 else 2):
                yield number
            if to == -1:
                await asyncio.Event().wait()
            if to == -2:
                raise AppError("The source failed.")
        finally:
            Subscription.closed.set()

    sent = 0
    flooding = 0

    @strawberry.subscription
    async def flood(self) -> AsyncGenerator[str, None]:
        """Send long texts without end."""
        Subscription.flooding += 1
        try:
            while True:
                Subscription.sent += 1
                yield "x" * LONG
        finally:
            Subscription.flooding -= 1


SCHEMA = strawberry.Schema(Query, Mutation, Subscription)
BY_POST = {"Accept": "application/graphql-response+json"}


@asynccontextmanager
async def serve_graphql(
    *trusted: str,
    only_trusted: bool = False,
    open_schema: bool = True,
    most: int = 20,
    page: SchemaPage | None = None,
    **settings: Any,  # noqa: ANN401
) -> AsyncIterator[Tiny]:
    """Run a service with the schema."""
    operations = Operations(SCHEMA, trusted, only_trusted=only_trusted, open_schema=open_schema)
    endpoint = Endpoint(operations, Subscribers(most))
    async with serve_tiny(graphql_router(endpoint, page), own=UNLIMITED, **settings) as tiny:
        yield tiny


def repeated(field: str, times: int, separator: str = " ") -> str:
    """Return a selection of one field many times."""
    return "{" + separator.join([field] * times) + "}"


def nested(levels: int, inner: str = "id") -> str:
    """Return a query with as many levels of fields."""
    return "{me" + "{things(first:1)" * (levels - 2) + f"{{{inner}}}" + "}" * (levels - 1)


def codes(errors: Iterable[dict[str, Any]]) -> list[str]:
    """Return the codes of errors."""
    return [error["extensions"]["code"] for error in errors]
