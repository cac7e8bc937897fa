"""Routes with which the order service takes units out of the stock; each may be repeated without further effect."""

from uuid import UUID

from fastapi import Request, Response

from chassis.application import own_part
from chassis.core.problems import documented
from chassis.idempotency.kinds import REPEATABLE
from chassis.postgres.database import Database, OwnClaim, Session
from chassis.sealing.access import service
from chassis.web.routing import service_router
from product.errors import (
    InsufficientStock,
    MixedCurrencies,
    ReservationClosed,
    ReservationDiffers,
    ReservationNotFound,
    UnknownProducts,
)
from product.models import Reservation
from product.schemas import ReservationCreate, ReservationRead
from product.services.commit_reservation import commit_reservation
from product.services.get_reservation import get_reservation
from product.services.release_reservation import release_reservation
from product.services.reserve_stock import reserve_stock
from product.settings import Settings

router = service_router("reservations", about="Stock that is reserved for orders, for the order service.")


@router.post(
    "",
    access=service("order"),
    idempotency=REPEATABLE,
    status_code=201,
    response_model=ReservationRead,
    responses=documented(UnknownProducts, InsufficientStock, MixedCurrencies, ReservationClosed, ReservationDiffers),
)
async def reserve(
    body: ReservationCreate, database: Database, claim: OwnClaim, request: Request, response: Response
) -> ReservationRead:
    """Reserve all items of an order at their current prices, or nothing."""
    response.headers["Location"] = f"/api/v1/reservations/{body.order_id}"
    return await reserve_stock(database, body, own_part(request.app, Settings).reservation_seconds, claim)


@router.get(
    "/{order_id}", access=service("order"), response_model=ReservationRead, responses=documented(ReservationNotFound)
)
async def read_reservation(order_id: UUID, session: Session) -> Reservation:
    """Read the reservation of an order."""
    return await get_reservation(session, order_id)


@router.post(
    "/{order_id}/commit",
    access=service("order"),
    idempotency=REPEATABLE,
    response_model=ReservationRead,
    responses=documented(ReservationNotFound, ReservationClosed),
)
async def commit(order_id: UUID, database: Database, claim: OwnClaim) -> ReservationRead:
    """Make the reservation of an order final."""
    return await commit_reservation(database, order_id, claim)


@router.post("/{order_id}/release", access=service("order"), idempotency=REPEATABLE, response_model=ReservationRead)
async def release(order_id: UUID, session: Session) -> Reservation:
    """Return an order's reserved or committed units to the stock, and refuse further reservations for it."""
    return await release_reservation(session, order_id)
