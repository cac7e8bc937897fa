"""Routes of the catalogue and its stock."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from chassis.application import own_part
from chassis.core.errors import NothingToChange
from chassis.core.problems import documented
from chassis.core.types import Page
from chassis.dependencies import ADMIN, CurrentUser
from chassis.idempotency.dependency import KEYED
from chassis.idempotency.kinds import UNREPEATABLE
from chassis.postgres.database import Session
from chassis.sealing.access import optional
from chassis.web.etag import NOT_MODIFIED, IfMatch, InvalidETag, PreconditionFailed, Tagging, set_etag, tag_of
from chassis.web.pagination import InvalidCursor, Paging, Slice
from chassis.web.routing import service_router
from product.errors import InsufficientStock, ProductNotFound, StockTooLarge
from product.models import Product, StockMovement
from product.schemas import (
    MovementRead,
    ProductCreate,
    ProductRead,
    ProductUpdate,
    Search,
    StockAdjustment,
)
from product.services.adjust_stock import adjust_stock
from product.services.create_product import create_product
from product.services.delete_product import delete_product
from product.services.get_product import get_product
from product.services.list_movements import list_movements
from product.services.list_products import list_products
from product.services.update_product import update_product
from product.settings import Settings

router = service_router("products", about="The catalogue and its stock.")


@router.get(
    "",
    access=optional(),
    response_model=Page[ProductRead],
    responses=NOT_MODIFIED | documented(InvalidCursor, InvalidETag),
)
async def list_all(
    session: Session, page: Paging, search: Annotated[Search, Query()], tagger: Tagging
) -> Slice[Product] | Response:
    """List the catalogue, newest first unless sorted otherwise."""
    found = await list_products(session, search, page)
    tag = tag_of(found.next_cursor or "", *(f"{product.id} {product.etag}" for product in found.items))
    return tagger.answer(found, tag)


@router.post("", access=optional(), auth=ADMIN, idempotency=KEYED, status_code=201, response_model=ProductRead)
async def create(
    body: ProductCreate, admin: CurrentUser, session: Session, request: Request, response: Response
) -> Product:
    """Add a product."""
    product = await create_product(session, body, own_part(request.app, Settings).currency, admin.user_id)
    response.headers["Location"] = f"/api/v1/products/{product.id}"
    return product


@router.get(
    "/{product_id}",
    access=optional(),
    response_model=ProductRead,
    responses=NOT_MODIFIED | documented(ProductNotFound, InvalidETag),
)
async def read(product_id: UUID, session: Session, tagger: Tagging) -> Product | Response:
    """Read a product."""
    product = await get_product(session, product_id)
    return tagger.answer(product, product.etag)


@router.patch(
    "/{product_id}",
    access=optional(),
    auth=ADMIN,
    idempotency=UNREPEATABLE,
    response_model=ProductRead,
    responses=documented(ProductNotFound, PreconditionFailed, NothingToChange, InvalidETag, StockTooLarge),
)
async def update(
    product_id: UUID, body: ProductUpdate, admin: CurrentUser, session: Session, if_match: IfMatch, response: Response
) -> Product:
    """Change some fields of a product."""
    product = await update_product(session, product_id, body, if_match, admin.user_id)
    set_etag(response, product.etag)
    return product


@router.delete(
    "/{product_id}",
    access=optional(),
    auth=ADMIN,
    status_code=204,
    responses=documented(ProductNotFound, PreconditionFailed, InvalidETag),
)
async def delete(product_id: UUID, session: Session, if_match: IfMatch) -> None:
    """Remove a product."""
    await delete_product(session, product_id, if_match)


@router.post(
    "/{product_id}/stock",
    access=optional(),
    auth=ADMIN,
    idempotency=KEYED,
    response_model=ProductRead,
    responses=documented(ProductNotFound, InsufficientStock, StockTooLarge),
)
async def adjust(product_id: UUID, body: StockAdjustment, admin: CurrentUser, session: Session) -> Product:
    """Correct a stock, for a reason."""
    return await adjust_stock(session, product_id, body, admin.user_id)


@router.get(
    "/{product_id}/stock/movements",
    access=optional(),
    auth=ADMIN,
    response_model=Page[MovementRead],
    responses=documented(ProductNotFound, InvalidCursor),
)
async def list_ledger(product_id: UUID, session: Session, page: Paging) -> Slice[StockMovement]:
    """List the movements of a stock, newest first."""
    return await list_movements(session, product_id, page)
