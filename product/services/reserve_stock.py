"""Reserving what an order wants."""

from datetime import timedelta

from chassis.ids import new_id
from chassis.postgres import CLAIM, Postgres
from chassis.sealing.replay import Claim
from chassis.statement import Statement
from product.schemas import ReservationCreate, ReservationRead
from product.services.move_stock import LOW_STOCK
from product.services.reserve_scarce_stock import reserve_scarce_stock

_RESERVE_PLENTY = Statement(
    CLAIM,
    """
    plenty AS (
        SELECT product.id, wanted.quantity, wanted.movement_id, name, price_minor, currency
        FROM products AS product
        JOIN unnest(CAST(:product_ids AS uuid[]), CAST(:quantities AS int[]), CAST(:movement_ids AS uuid[]))
            AS wanted (product_id, quantity, movement_id) ON wanted.product_id = product.id
        WHERE deleted_at IS NULL AND stock >= wanted.quantity + CAST(:rest AS int)
        ORDER BY product.id
        FOR NO KEY UPDATE OF product
    )""",
    """
    reservation AS (
        INSERT INTO reservations (order_id, state, expires_at)
        SELECT :order_id, 'reserved', now() + :time
        FROM plenty HAVING count(*) = cardinality(CAST(:product_ids AS uuid[])) AND count(DISTINCT currency) = 1
        ON CONFLICT DO NOTHING
        RETURNING order_id, state, expires_at, created_at
    )""",
    """
    moved AS (
        UPDATE products SET stock = stock - plenty.quantity FROM reservation, plenty WHERE products.id = plenty.id
    )""",
    """
    noted AS (
        INSERT INTO stock_movements (id, product_id, quantity, kind, order_id)
        SELECT movement_id, plenty.id, -quantity, 'reservation', order_id FROM reservation, plenty
    )""",
    """
    lines AS (
        INSERT INTO reservation_lines (order_id, product_id, quantity, unit_price_minor, currency, name)
        SELECT order_id, plenty.id, quantity, price_minor, currency, name FROM reservation, plenty
    )""",
    """
    SELECT reservation.*, id AS product_id, quantity, price_minor AS unit_price_minor, currency, name
    FROM reservation, plenty ORDER BY id
    """,
)
"""
All in one round trip, if enough is left of everything for nobody to be told: else it claims the request, nothing more.
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
        ProductNotFound: Some product does not exist; the message names it (404).
        InsufficientStock: Fewer are left of some product; the message names it (409).
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
    if rows := await database.run(_RESERVE_PLENTY, values, claim=claim):
        return ReservationRead.of(rows)
    async with database.transaction() as session:
        return ReservationRead.model_validate(await reserve_scarce_stock(session, wanted, seconds))
