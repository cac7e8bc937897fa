"""Routes of the order service."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from chassis.application import application_of
from chassis.core.problems import documented
from chassis.core.types import Page, Since
from chassis.dependencies import ADMIN, PERSON, CurrentUser, Dispatch
from chassis.idempotency.dependency import KEYED, Key
from chassis.postgres.database import Database, Session
from chassis.sealing.access import optional, service
from chassis.web.pagination import InvalidCursor, Paging, Slice
from chassis.web.routing import service_router
from order.errors import (
    InsufficientStock,
    MixedCurrencies,
    NotPossible,
    OrderCancelled,
    OrderExpired,
    OrderNotFound,
    ProductNotFound,
    TotalTooLarge,
)
from order.models import Order, OrderStatus
from order.schemas import Changes, History, OrderCreate, OrderFilter, OrderRead, OwnOrderFilter
from order.services.cancel_order import cancel_order
from order.services.fulfil_order import fulfil_order
from order.services.get_history import get_history
from order.services.get_order import get_order
from order.services.list_changes import list_changes
from order.services.list_orders import list_orders
from order.services.place_order import place_order

router = service_router("orders", about="Placing, reading, cancelling and fulfilling orders.")

_PENDING = {"model": OrderRead, "description": "Still pending: read it again at its Location."}


@router.post(
    "",
    access=optional(),
    auth=PERSON,
    idempotency=KEYED,
    status_code=201,
    response_model=OrderRead,
    responses=documented(
        ProductNotFound,
        InsufficientStock,
        MixedCurrencies,
        TotalTooLarge,
        OrderExpired,
        OrderCancelled,
        beside={202: _PENDING},
    ),
)
async def place(
    body: OrderCreate, user: CurrentUser, database: Database, dispatcher: Dispatch, key: Key, response: Response
) -> Order:
    """Order products at their current prices."""
    order = await place_order(database, dispatcher, key, user, body)
    response.headers["Location"] = f"/api/v1/orders/{order.id}"
    if order.status == OrderStatus.PENDING:
        response.status_code = 202
    return order


@router.get("", access=optional(), auth=PERSON, response_model=Page[OrderRead], responses=documented(InvalidCursor))
async def list_own(
    user: CurrentUser, session: Session, page: Paging, only: Annotated[OwnOrderFilter, Query()]
) -> Slice[Order]:
    """List one's own orders, newest first."""
    return await list_orders(session, page, OrderFilter(user_id=user.user_id, status=only.status, ids=only.ids))


@router.get(
    "/all",
    access=optional(),
    auth=ADMIN,
    response_model=Page[OrderRead],
    responses=documented(InvalidCursor),
)
async def list_all(session: Session, page: Paging, only: Annotated[OrderFilter, Query()]) -> Slice[Order]:
    """List all orders, newest first."""
    return await list_orders(session, page, only)


@router.get("/changes", access=service())
async def changes(
    request: Request, database: Database, since: Annotated[Since | None, Query()] = None, *, again: bool = False
) -> Changes:
    """
    List the changes of all orders after a time, the oldest first; wait for up to 5 s while there are none.

    Without a time, the last 15 s are listed; with `again` they are, too.
    """
    draining = application_of(request.app).draining
    return await list_changes(database, since, lambda: draining.has_begun, again=again)


@router.get(
    "/{order_id}", access=optional(), auth=PERSON, response_model=OrderRead, responses=documented(OrderNotFound)
)
async def read(order_id: UUID, user: CurrentUser, session: Session) -> Order:
    """Read one of one's own orders (admins: any)."""
    return await get_order(session, user, order_id)


@router.get("/{order_id}/history", access=optional(), auth=PERSON, responses=documented(OrderNotFound))
async def history(order_id: UUID, user: CurrentUser, session: Session) -> History:
    """Read the history of one of one's own orders (admins: any)."""
    return await get_history(session, user, order_id)


@router.post(
    "/{order_id}/cancel",
    access=optional(),
    auth=PERSON,
    idempotency=KEYED,
    response_model=OrderRead,
    responses=documented(OrderNotFound, NotPossible),
)
async def cancel(order_id: UUID, user: CurrentUser, session: Session) -> Order:
    """Cancel one of one's own orders that is not fulfilled (admins: any)."""
    return await cancel_order(session, user, order_id)


@router.post(
    "/{order_id}/fulfil",
    access=optional(),
    auth=ADMIN,
    idempotency=KEYED,
    response_model=OrderRead,
    responses=documented(OrderNotFound, NotPossible),
)
async def fulfil(order_id: UUID, admin: CurrentUser, session: Session) -> Order:
    """Mark an order as shipped."""
    return await fulfil_order(session, admin, order_id)
