"""The order service's side of a reservation, and the invariants of every stock."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import RemoteError
from chassis.postgres.database import Postgres
from product.models import Product, Reservation, ReservationLine, StockMovement
from product.services.expire_reservations import expire_reservations

RESERVATIONS = "/api/v1/reservations"


@dataclass(frozen=True, slots=True)
class Orders:
    """Calls the product service as the order service does."""

    dispatcher: Dispatcher

    async def reserve(self, order_id: UUID, **quantities: int) -> dict[str, Any]:
        """Reserve these units of each product, named by its id."""
        return await self.post("", order_id, {"order_id": str(order_id), "items": _items(quantities)})

    async def take(self, order_id: UUID, **quantities: int) -> dict[str, Any]:
        """Reserve and commit them in one request."""
        return await self.post("", order_id, {"order_id": str(order_id), "items": _items(quantities), "commit": True})

    async def commit(self, order_id: UUID) -> dict[str, Any]:
        """Commit a reservation."""
        return await self.post(f"/{order_id}/commit", order_id)

    async def release(self, order_id: UUID) -> dict[str, Any]:
        """Release a reservation."""
        return await self.post(f"/{order_id}/release", order_id)

    async def read(self, order_id: UUID) -> dict[str, Any]:
        """Read a reservation."""
        return dict((await self.dispatcher.send("product", "GET", f"{RESERVATIONS}/{order_id}")).json())

    async def post(self, path: str, order_id: UUID, body: object = None) -> dict[str, Any]:
        """Post to any path below the reservations."""
        key = str(order_id)
        return dict(
            (await self.dispatcher.send("product", "POST", RESERVATIONS + path, json=body, idempotency_key=key)).json()
        )


def _items(quantities: Mapping[str, int]) -> list[dict[str, Any]]:
    return [{"product_id": product_id, "quantity": quantity} for product_id, quantity in quantities.items()]


def refusal(error: RemoteError) -> tuple[int, str]:
    """Return the status and the code of a refusal."""
    return error.remote_status, error.remote_code


async def stock_of(database: Postgres, product_id: str) -> int:
    """
    Return the stock of a product, deleted or not.

    The test fails unless the stock is the sum of its movements, and its held units are those of open reservations.
    """
    async with database.transaction() as session:
        product = select(Product.stock, Product.held).where(Product.id == UUID(product_id))
        stock, held = (await session.execute(product)).one()
        taken = (
            select(func.coalesce(func.sum(ReservationLine.quantity), 0))
            .join(Reservation, Reservation.order_id == ReservationLine.order_id)
            .where(ReservationLine.product_id == UUID(product_id), Reservation.state.in_(("reserved", "committed")))
        )
        assert await session.scalar(taken) == held
        moved = select(func.sum(StockMovement.quantity)).where(StockMovement.product_id == UUID(product_id))
        assert (await session.scalar(moved) or 0) == stock
    return int(stock)


async def let_time_pass(database: Postgres, order_id: UUID) -> None:
    """Make a reservation overdue."""
    async with database.transaction() as session:
        overdue = update(Reservation).where(Reservation.order_id == order_id)
        await session.execute(overdue.values(expires_at=func.now()))


async def expire(database: Postgres) -> int:
    """Run the sweeper once; returns how many reservations it has expired."""
    async with database.transaction() as session:
        return await expire_reservations(session)
