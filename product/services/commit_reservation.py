"""Making a reservation final."""

from uuid import UUID

from chassis.postgres.database import Postgres
from chassis.postgres.nonces import Nonce
from chassis.postgres.statements import Statement
from chassis.sealing.replay import Claim
from product.errors import ReservationClosed
from product.schemas import ReservationRead
from product.services.get_reservation import get_reservation

_COMMIT = Statement(
    Nonce,
    """
    committed AS (
        UPDATE reservations SET state = 'committed'
        WHERE order_id = :order_id AND (state = 'committed' OR (state = 'reserved' AND expires_at > now()))
        RETURNING order_id, state, expires_at, created_at
    )""",
    """
    SELECT committed.*, product_id, quantity, unit_price_minor, currency, name
    FROM committed JOIN reservation_lines USING (order_id) ORDER BY product_id
    """,
)


async def commit_reservation(database: Postgres, order_id: UUID, claim: Claim | None = None) -> ReservationRead:
    """
    Make the reservation of an order final; has no effect if it is final already.

    Args:
        claim: The nonce of the sealed request, stored in the same transaction.

    Raises:
        ReservationNotFound: Nothing was ever reserved for it (404).
        ReservationClosed: It was released, or has expired (409).
    """
    if rows := await database.run(_COMMIT, {"order_id": order_id}, Nonce(claim)):
        return ReservationRead.of(rows)
    async with database.transaction() as session:
        await get_reservation(session, order_id)
    raise ReservationClosed
