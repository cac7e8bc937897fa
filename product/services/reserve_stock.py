"""Reserving what an order wants."""

from contextlib import suppress
from datetime import timedelta

from asyncpg import NotNullViolationError, UniqueViolationError

from chassis.core.ids import new_id
from chassis.postgres.database import Postgres
from chassis.postgres.nonces import CLAIM
from chassis.postgres.statements import Statement
from chassis.sealing.replay import Claim
from product.schemas import ReservationCreate, ReservationRead
from product.services.move_stock import LOW_STOCK
from product.services.reserve_scarce_stock import reserve_scarce_stock

_RESERVE_PLENTY = Statement(
    CLAIM,
    """
    reservation AS (
        INSERT INTO reservations (order_id, state, expires_at)
        SELECT :order_id, 'reserved', now() + :time FROM (SELECT count(*) FROM claimed) AS claims
        RETURNING order_id, state, expires_at, created_at
    )""",
    """
    wanted AS (
        SELECT order_id, product_id, quantity, movement_id
        FROM reservation,
            unnest(CAST(:product_ids AS uuid[]), CAST(:quantities AS int[]), CAST(:movement_ids AS uuid[]))
                AS wanted (product_id, quantity, movement_id)
    )""",
    """
    plenty AS (
        SELECT wanted.*, name, price_minor, currency
        FROM wanted JOIN products AS product ON product.id = product_id
        WHERE deleted_at IS NULL AND stock >= quantity + CAST(:rest AS int)
        ORDER BY product.id
        FOR NO KEY UPDATE OF product
    )""",
    """
    moved AS (
        UPDATE products SET stock = stock - quantity, held = held + quantity FROM plenty WHERE id = product_id
    )""",
    """
    noted AS (
        INSERT INTO stock_movements (id, product_id, quantity, kind, order_id)
        SELECT movement_id, product_id, -quantity, 'reservation', order_id FROM plenty
    )""",
    """
    lines AS (
        INSERT INTO reservation_lines (order_id, product_id, quantity, unit_price_minor, currency, name)
        SELECT wanted.order_id, product_id, wanted.quantity, price_minor,
            (SELECT max(currency) FROM plenty HAVING min(currency) = max(currency)), name
        FROM wanted LEFT JOIN plenty USING (product_id)
        RETURNING product_id, quantity, unit_price_minor, currency, name
    )""",
    "SELECT reservation.*, lines.* FROM reservation, lines ORDER BY product_id",
)
"""
All in one round trip, where everything is there in plenty: so much that nobody need be told what is left. If something
is not, its line has no price, and without a common currency none has one: as a whole the statement has no effect then.
"""


async def reserve_stock(
    database: Postgres, wanted: ReservationCreate, seconds: int, claim: Claim | None = None
) -> ReservationRead:
    """
    Take out of the stock what an order wants, all of it, at the prices of this moment; again has no further effect.

    Args:
        seconds: How long the order may take to commit.
        claim: The sealed request, to be claimed with it.

    Raises:
        UnknownProducts: Some products do not exist; ``errors`` names the items (409).
        InsufficientStock: Fewer are left of some products; ``errors`` names the items (409).
        MixedCurrencies: The products have prices in several currencies (409).
        ReservationClosed: The order's reservation was released, or its time is over (409).
        ReservationDiffers: The order has reserved something else (409).
    """
    values = {
        "order_id": wanted.order_id,
        "time": timedelta(seconds=seconds),
        "rest": LOW_STOCK,
        "product_ids": [item.product_id for item in wanted.items],
        "quantities": [item.quantity for item in wanted.items],
        "movement_ids": [new_id() for _ in wanted.items],
    }
    with suppress(NotNullViolationError, UniqueViolationError):  # it comes again, or there is not plenty
        return ReservationRead.of(await database.run(_RESERVE_PLENTY, values, claim=claim))
    async with database.transaction(claim) as session:
        return ReservationRead.model_validate(await reserve_scarce_stock(session, wanted, seconds))
