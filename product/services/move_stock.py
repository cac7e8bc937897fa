"""Moving stock: the one place where it changes."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.core.errors import AppError
from chassis.core.types import new_id
from chassis.messaging.outbox import PublishEach
from chassis.postgres.statements import Statement, run_in
from product.errors import InsufficientStock, StockTooLarge
from product.events import ProductStockLow
from product.models import MAX_STOCK, Product, StockMovement

LOW_STOCK = 5
"""The limit of a low stock: an event is published when a stock falls below it."""

MOVE_STOCK = """
    change AS (
        SELECT product_id, CAST(sum(quantity) AS bigint) AS quantity, (array_agg(id))[1] AS event_id,
            stock + sum(quantity) AS new_stock,
            held - coalesce(sum(quantity) FILTER (WHERE order_id IS NOT NULL), 0) AS new_held
        FROM movement GROUP BY product_id, stock, held
    ),
    moved AS (
        UPDATE products SET stock = new_stock, held = new_held
        FROM change WHERE id = product_id
        RETURNING product_id, stock, quantity, event_id
    ),
    entered AS (
        INSERT INTO stock_movements (id, product_id, quantity, kind, order_id, reason, actor)
        SELECT id, product_id, quantity, kind, order_id, reason, actor FROM movement
    ),
    happened AS (
        SELECT event_id, product_id AS subject, jsonb_build_object('stock', stock) AS data
        FROM moved WHERE stock < :low AND stock - quantity >= :low
    )
"""
"""
The queries with which a statement moves stock, after those of ``movement``.

``movement`` has the columns of the ledger, and ``stock`` and ``held`` of the product. The products are locked, in the
order of their ids, and these amounts are read under the lock; they were found sufficient before. ``moved`` has a
row for each product. Each that has become low (``:low`` is ``LOW_STOCK``) has a row in ``happened``, for
``PublishEach(ProductStockLow)``.

The new amounts are computed from ``movement``. An UPDATE that computes them from its own row, or has a condition on
it, looks first at the row as it was when the statement began. If the stock grew while the statement waited for the
lock, the condition leaves the product out, and the constraint refuses the amount.
"""

_MOVE = Statement(
    """
    wanted AS (
        SELECT * FROM unnest(
            CAST(:ids AS uuid[]), CAST(:product_ids AS uuid[]), CAST(:quantities AS bigint[]), CAST(:kinds AS text[]),
            CAST(:order_ids AS uuid[]), CAST(:reasons AS text[]), CAST(:actors AS uuid[])
        ) AS wanted (id, product_id, quantity, kind, order_id, reason, actor)
    )""",
    f"""
    possible AS (
        SELECT product_id, stock, held
        FROM wanted JOIN products AS product ON product.id = product_id
        GROUP BY product_id, stock, held
        HAVING stock + sum(quantity) >= 0
            AND stock + sum(quantity) + held - coalesce(sum(quantity) FILTER (WHERE order_id IS NOT NULL), 0)
                <= {MAX_STOCK}
    )""",  # noqa: S608 - our own number
    "movement AS (SELECT wanted.*, stock, held FROM wanted JOIN possible USING (product_id))",
    MOVE_STOCK,
    PublishEach,
    "SELECT product_id, (SELECT count(*) FROM published) AS published FROM moved",
)


async def move_stock(session: AsyncSession, movements: Sequence[StockMovement]) -> None:
    """
    Enter *movements* in the ledger and change the stock of their products; publish what becomes low.

    The transaction has locked these products before (``lock_products``). Products that the session has loaded have
    their old stock until they are refreshed.

    Raises:
        InsufficientStock: A stock would become negative (409).
        StockTooLarge: A stock would pass its bound, together with what orders hold (409).
    """
    values = {
        "ids": [new_id() for _ in movements],
        "product_ids": [movement.product_id for movement in movements],
        "quantities": [movement.quantity for movement in movements],
        "kinds": [str(movement.kind) for movement in movements],
        "order_ids": [movement.order_id for movement in movements],
        "reasons": [movement.reason for movement in movements],
        "actors": [movement.actor for movement in movements],
        "low": LOW_STOCK,
    }
    moved = await run_in(session, _MOVE, values, PublishEach(ProductStockLow))
    if stuck := {movement.product_id for movement in movements} - {row["product_id"] for row in moved}:
        raise await _refusal(session, movements, stuck)


async def _refusal(session: AsyncSession, movements: Sequence[StockMovement], stuck: Collection[UUID]) -> AppError:
    """Return the error with the reason why the stock of the first of these products cannot change."""
    product_id = min(stuck)
    change = sum(movement.quantity for movement in movements if movement.product_id == product_id)
    amounts = select(Product.stock, Product.held).where(Product.id == product_id)
    stock, held = (await session.execute(amounts)).one()
    if change < 0:
        return InsufficientStock(InsufficientStock.describe(product_id, stock, -change))
    return StockTooLarge(
        f"At most {MAX_STOCK - stock - held:,} more of product {product_id} can be added; add fewer units."
    )
