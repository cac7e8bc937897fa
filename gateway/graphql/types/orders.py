"""Orders."""

from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import aclosing
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Self
from uuid import UUID

import strawberry

from chassis.core.together import together
from gateway.caller import checked
from gateway.calls import CANCEL_ORDER, FULFIL_ORDER, LIST_ORDERS, LIST_OWN_ORDERS, PLACE_ORDER, READ_ORDER
from gateway.graphql.context import Info
from gateway.graphql.following import follow_order
from gateway.graphql.selection import selects
from gateway.graphql.types.connections import PAGE, After, Connection, First, Key, connection
from gateway.graphql.types.products import Product
from gateway.graphql.types.users import User
from gateway.reads.read_products import read_products
from gateway.reads.read_users import read_users
from gateway.schemas.orders import LineRead, NewOrder, OrderRead

OrderId = Annotated[UUID, strawberry.argument(name="id", description="The id of the order.")]


@strawberry.enum(description="The status of an order.")
class OrderStatus(Enum):
    """The status of an order."""

    PENDING = strawberry.enum_value("pending", description="Its stock is being taken.")
    CONFIRMED = strawberry.enum_value("confirmed", description="The stock belongs to the order.")
    FULFILLED = strawberry.enum_value("fulfilled", description="It was shipped.")
    CANCELLED = strawberry.enum_value("cancelled", description="It was cancelled, and its stock returned.")
    REJECTED = strawberry.enum_value("rejected", description="The stock cannot be taken: `refusal` of a line says why.")
    EXPIRED = strawberry.enum_value("expired", description="The stock could not be taken in time.")


@strawberry.type(description="Units of one product in an order.")
class OrderLine:
    """Units of one product in an order."""

    product_id: UUID = strawberry.field(description="The id of the product, which may have been deleted.")
    name: str | None = strawberry.field(description="The name when it was ordered; null until it is confirmed.")
    quantity: int = strawberry.field(description="The number of units.")
    unit_price: Decimal | None = strawberry.field(
        description="The price of one unit when it was ordered; null until it is confirmed."
    )
    refusal: str | None = strawberry.field(description="Why the order was rejected for this line; a code, mostly null.")

    @classmethod
    def of(cls, line: LineRead) -> Self:
        """Build it from the answer of the order service."""
        return cls(
            product_id=line.product_id,
            name=line.name,
            quantity=line.quantity,
            unit_price=line.unit_price,
            refusal=line.refusal,
        )

    @strawberry.field(graphql_type=Product | None, description="The product as it is now; null if it was deleted.")
    def product(self, info: Info) -> Product | Awaitable[Product | None] | None:
        """Read the product, together with those of other lines."""
        return info.context.loaders.load(read_products, self.product_id, Product.of)


@strawberry.type(description="An order; once confirmed, it has the prices at the time of its reservation.")
class Order:
    """An order."""

    id: UUID = strawberry.field(description="Its id.")
    user_id: UUID = strawberry.field(description="The id of the person who placed it.")
    status: OrderStatus = strawberry.field(description="Its status.")
    cause: str = strawberry.field(description="Why it has this status; a code.")
    total_price: Decimal | None = strawberry.field(description="Its total; null until it is confirmed.")
    currency: str | None = strawberry.field(description="The currency of the prices, as in EUR; null until then.")
    created_at: datetime = strawberry.field(description="When it was placed.")
    lines: list[OrderLine] = strawberry.field(description="What was ordered.")

    @classmethod
    def of(cls, order: OrderRead) -> Self:
        """Build it from the answer of the order service."""
        return cls(
            id=order.id,
            user_id=order.user_id,
            status=OrderStatus(order.status.value),
            cause=order.cause,
            total_price=order.total_price,
            currency=order.currency,
            created_at=order.created_at,
            lines=[OrderLine.of(line) for line in order.items],
        )

    @strawberry.field(
        graphql_type=User | None, description="The person who placed it; null if the account was deleted."
    )
    def user(self, info: Info) -> User | Awaitable[User | None] | None:
        """Read the person, together with those of other orders."""
        return info.context.loaders.load(read_users, self.user_id, User.of)


@strawberry.input(description="Units of one product. The server sets the price.")
class OrderItemInput:
    """Units of one product."""

    product_id: UUID = strawberry.field(description="The id of the product.")
    quantity: int = strawberry.field(description="The number of units, 1 to 1,000,000.")


@strawberry.type
class OrderQueries:
    """Queries about orders."""

    @strawberry.field(description="One of one's own orders; for admins any.")
    async def order(self, info: Info, order_id: OrderId) -> Order | None:
        """Read an order."""
        return Order.of(await info.context.caller.call(READ_ORDER, path={"order_id": order_id}))

    @strawberry.field(description="One's own orders, newest first; for admins those of all people.")
    async def orders(  # noqa: PLR0913 - the arguments of the list
        self,
        info: Info,
        first: First = PAGE,
        after: After = None,
        status: Annotated[OrderStatus | None, strawberry.argument(description="Only orders of this status.")] = None,
        *,
        ids: Annotated[
            list[UUID] | None,
            strawberry.argument(description="These orders, 80 at most, in this order; `first` does not count."),
        ] = None,
        of_all: Annotated[
            bool, strawberry.argument(name="all", description="The orders of all people, for admins.")
        ] = False,
        user_id: Annotated[
            UUID | None, strawberry.argument(description="The orders of this person, for admins.")
        ] = None,
    ) -> Connection[Order] | None:
        """List orders."""
        query = {"limit": first, "cursor": after, "status": status and status.value, "ids": ids}
        caller = info.context.caller
        if of_all or user_id:
            page = await caller.call(LIST_ORDERS, query={**query, "user_id": user_id})
        else:
            page = await caller.call(LIST_OWN_ORDERS, query=query)
        await _load_ahead(info, page.items)
        return connection(page, Order.of, after)


async def _load_ahead(info: Info, orders: Sequence[OrderRead]) -> None:
    """Read what fields of a list ask for before they are executed: fields that wait take twice the CPU."""
    loaders, reads = info.context.loaders, []
    if selects(info, "edges", "node", "lines", "product"):
        reads.append(loaders.load_ahead(read_products, (line.product_id for order in orders for line in order.items)))
    if selects(info, "edges", "node", "user"):
        reads.append(loaders.load_ahead(read_users, (order.user_id for order in orders)))
    await together(*reads)


@strawberry.type
class OrderMutations:
    """Changes of orders."""

    @strawberry.mutation(
        description="Order products at their current prices. A pending order is not decided yet: read it again, or "
        "send the request again with the same key."
    )
    async def place_order(
        self,
        info: Info,
        items: Annotated[list[OrderItemInput], strawberry.argument(description="1 to 50; each product once.")],
        idempotency_key: Key = None,
    ) -> Order | None:
        """Place an order."""
        body = checked(NewOrder, items=[{"product_id": one.product_id, "quantity": one.quantity} for one in items])
        return Order.of(await info.context.caller.call(PLACE_ORDER, body, key=idempotency_key))

    @strawberry.mutation(description="Cancel one of one's own orders that is not fulfilled; for admins any.")
    async def cancel_order(self, info: Info, order_id: OrderId, idempotency_key: Key = None) -> Order | None:
        """Cancel an order."""
        path = {"order_id": order_id}
        return Order.of(await info.context.caller.call(CANCEL_ORDER, path=path, key=idempotency_key))

    @strawberry.mutation(description="Mark an order as shipped, for admins.")
    async def fulfil_order(self, info: Info, order_id: OrderId, idempotency_key: Key = None) -> Order | None:
        """Mark an order as shipped."""
        path = {"order_id": order_id}
        return Order.of(await info.context.caller.call(FULFIL_ORDER, path=path, key=idempotency_key))


@strawberry.type(description="Changes, as they happen.")
class Subscription:
    """Changes, as they happen."""

    @strawberry.subscription(
        description="One of one's own orders (for admins any): as it is now, then after each change. It ends when the "
        "order cannot change any more."
    )
    async def order_changed(self, info: Info, order_id: OrderId) -> AsyncGenerator[Order | None, None]:
        """Follow an order."""
        async with aclosing(follow_order(info.context.caller, info.context.parts.feed, order_id)) as orders:
            async for order in orders:
                yield Order.of(order)
