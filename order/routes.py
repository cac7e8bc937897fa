"""Routes of the order service."""

from uuid import UUID

from chassis.auth.current_user import CurrentUser
from chassis.auth.tokens import InvalidToken
from chassis.dispatch.dispatcher import Dispatch
from chassis.errors import DeadlineExceeded, ServiceUnavailable, documented
from chassis.events import Announce
from chassis.pagination import InvalidCursor, Paging, Slice
from chassis.postgres import Database, Session
from chassis.routing import service_router
from chassis.schemas import Page
from chassis.sealing.modes import optional
from order.errors import InsufficientStock, OrderNotFound, ProductNotFound
from order.models import Order
from order.schemas import OrderCreate, OrderRead
from order.services.get_order import get_order
from order.services.list_orders import list_orders
from order.services.place_order import place_order

router = service_router("orders")


@router.post(
    "",
    status_code=201,
    response_model=OrderRead,
    responses=documented(InvalidToken, ProductNotFound, InsufficientStock, ServiceUnavailable, DeadlineExceeded),
)
@optional
async def place(
    body: OrderCreate, user: CurrentUser, database: Database, dispatcher: Dispatch, announcer: Announce
) -> Order:
    """Order a product at its present price."""
    return await place_order(database, dispatcher, announcer, user, body)


@router.get("", response_model=Page[OrderRead], responses=documented(InvalidToken, InvalidCursor))
@optional
async def list_own(user: CurrentUser, session: Session, page: Paging) -> Slice[Order]:
    """List one's own orders, newest first."""
    return await list_orders(session, user, page)


@router.get("/{order_id}", response_model=OrderRead, responses=documented(InvalidToken, OrderNotFound))
@optional
async def read(order_id: UUID, user: CurrentUser, session: Session) -> Order:
    """Read one of one's own orders."""
    return await get_order(session, user, order_id)
