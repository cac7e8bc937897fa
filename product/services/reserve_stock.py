"""Reserving the items of an order."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from chassis.core.errors import AppError, FieldError
from chassis.core.types import new_id
from chassis.messaging.outbox import PublishEach
from chassis.postgres.database import Postgres
from chassis.postgres.nonces import Nonce
from chassis.postgres.statements import Row, Statement
from chassis.sealing.replay import Claim
from product.errors import InsufficientStock, MixedCurrencies, ReservationClosed, ReservationDiffers, UnknownProducts
from product.events import ProductStockLow
from product.models import IS_HELD, Reservation, ReservationState
from product.schemas import ReservationCreate, ReservationRead
from product.services.commit_reservation import commit_reservation
from product.services.move_stock import LOW_STOCK, MOVE_STOCK

RESERVE = Statement(
    Nonce,
    """
    wanted AS (
        SELECT wanted.*
        FROM unnest(CAST(:product_ids AS uuid[]), CAST(:quantities AS int[]), CAST(:movement_ids AS uuid[]))
            AS wanted (product_id, wanted, movement_id)
        WHERE (SELECT count(*) FROM claimed) >= 0
            AND NOT EXISTS (SELECT FROM reservations WHERE order_id = :order_id)
        LIMIT cardinality(CAST(:product_ids AS uuid[]))
    )""",
    """
    available AS (
        SELECT wanted.*, stock, held, price_minor, currency, name
        FROM wanted JOIN products AS product ON product.id = product_id
        WHERE deleted_at IS NULL
        ORDER BY product.id
        FOR NO KEY UPDATE OF product
    )""",
    """
    reservation AS (
        INSERT INTO reservations (order_id, state, expires_at)
        SELECT :order_id, :state, now() + :time FROM available
        HAVING count(*) = cardinality(CAST(:product_ids AS uuid[]))
            AND bool_and(stock >= wanted) AND min(currency) = max(currency)
        ON CONFLICT DO NOTHING
        RETURNING order_id, state, expires_at, created_at
    )""",
    """
    line AS (
        INSERT INTO reservation_lines (order_id, product_id, quantity, unit_price_minor, currency, name)
        SELECT order_id, product_id, wanted, price_minor, currency, name FROM reservation, available
    )""",
    """
    movement AS (
        SELECT movement_id AS id, product_id, -wanted AS quantity, 'reservation' AS kind, order_id,
            CAST(NULL AS text) AS reason, CAST(NULL AS uuid) AS actor, stock, held
        FROM reservation, available
    )""",
    MOVE_STOCK,
    PublishEach,
    """
    SELECT reservation.*, product_id, wanted AS quantity, price_minor AS unit_price_minor, currency, name, stock,
        (SELECT count(*) FROM published) AS published
    FROM available LEFT JOIN reservation ON true
    ORDER BY product_id
    """,
)
"""
Reserves all items, or nothing; returns a row for each existing product, with its previous stock.

The products are locked first, then the reservation is inserted: all that lock both do so in this order.
"""


async def reserve_stock(
    database: Postgres, wanted: ReservationCreate, seconds: int, claim: Claim | None = None
) -> ReservationRead:
    """
    Take all items of an order out of the stock, at their current prices; has no further effect if repeated.

    Args:
        seconds: How long the order may take to commit, if the reservation is not committed at once.
        claim: The nonce of the sealed request, stored in the same transaction.

    Raises:
        UnknownProducts: Some products do not exist; ``errors`` names the items (409).
        InsufficientStock: Too few are left of some products; ``errors`` names the items (409).
        MixedCurrencies: The products have prices in several currencies (409).
        ReservationClosed: The order's reservation was released, or has expired (409).
        ReservationDiffers: The order has reserved something else (409).
    """
    values = {
        "order_id": wanted.order_id,
        "state": ReservationState.COMMITTED if wanted.commit else ReservationState.RESERVED,
        "time": timedelta(seconds=seconds),
        "product_ids": [item.product_id for item in wanted.items],
        "quantities": [item.quantity for item in wanted.items],
        "movement_ids": [new_id() for _ in wanted.items],
        "low": LOW_STOCK,
    }
    rows = await database.run(RESERVE, values, Nonce(claim), PublishEach(ProductStockLow))
    if rows and rows[0]["order_id"]:
        return ReservationRead.of(rows)
    # A repeated, perhaps concurrent request: the other one may have taken the last units for this very order.
    if earlier := await _find_earlier(database, wanted):
        return earlier
    raise _refusal(wanted, {row["product_id"]: row for row in rows})


async def _find_earlier(database: Postgres, wanted: ReservationCreate) -> ReservationRead | None:
    """Return the earlier reservation of the order, if there is one; raises if it is closed or differs."""
    query = select(Reservation, IS_HELD).where(Reservation.order_id == wanted.order_id)
    async with database.transaction() as session:
        found = (await session.execute(query)).one_or_none()
    if found is None:
        return None
    reservation, is_held = found
    if not is_held:
        raise ReservationClosed
    reserved = {line.product_id: line.quantity for line in reservation.lines}
    if reserved != {item.product_id: item.quantity for item in wanted.items}:
        raise ReservationDiffers
    if wanted.commit and reservation.state == ReservationState.RESERVED:
        return await commit_reservation(database, wanted.order_id)
    return ReservationRead.model_validate(reservation)


def _refusal(wanted: ReservationCreate, available: Mapping[UUID, Row]) -> AppError:
    """Return the error with the reason why nothing was reserved, which names every item at fault."""
    if unknown := [item.product_id for item in wanted.items if item.product_id not in available]:
        return _naming(UnknownProducts, wanted, {one: UnknownProducts.describe(one) for one in unknown})
    if len({row["currency"] for row in available.values()}) > 1:
        return MixedCurrencies()
    short = {
        item.product_id: InsufficientStock.describe(item.product_id, left, item.quantity)
        for item in wanted.items
        if (left := available[item.product_id]["stock"]) < item.quantity
    }
    return _naming(InsufficientStock, wanted, short)


def _naming(kind: type[AppError], wanted: ReservationCreate, details: Mapping[UUID, str]) -> AppError:
    """Build a refusal with a detail for each of these products, which points to their items."""
    errors = [
        FieldError(location="body", pointer=f"/items/{index}/product_id", code=kind.code, detail=details[product_id])
        for index, product_id in enumerate(item.product_id for item in wanted.items)
        if product_id in details
    ]
    return kind(" ".join(error.detail for error in errors), errors=errors)
