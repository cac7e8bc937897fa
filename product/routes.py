"""Routes of the product service."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request

from chassis.auth.current_user import require_role
from chassis.auth.tokens import InvalidToken
from chassis.errors import Forbidden, NothingToChange, documented
from chassis.pagination import InvalidCursor, Paging, Slice
from chassis.postgres import Session
from chassis.routing import service_router
from chassis.schemas import Page
from chassis.sealing.modes import optional, service
from product.errors import InsufficientStock, ProductNotFound
from product.models import Product
from product.schemas import MAX_QUANTITY, ProductCreate, ProductRead, ProductUpdate, Quote
from product.services.create_product import create_product
from product.services.delete_product import delete_product
from product.services.get_product import get_product
from product.services.list_products import list_products
from product.services.quote_product import quote_product
from product.services.update_product import update_product

router = service_router("products")
admins = [Depends(require_role("admin"))]


@router.get("", response_model=Page[ProductRead], responses=documented(InvalidCursor))
@optional
async def list_all(session: Session, page: Paging) -> Slice[Product]:
    """List the catalogue, newest first."""
    return await list_products(session, page)


@router.post(
    "",
    status_code=201,
    response_model=ProductRead,
    dependencies=admins,
    responses=documented(InvalidToken, Forbidden),
)
@optional
async def create(body: ProductCreate, session: Session, request: Request) -> Product:
    """Add a product (admins)."""
    return await create_product(session, body, request.app.state.settings.currency)


@router.get("/{product_id}", response_model=ProductRead, responses=documented(ProductNotFound))
@optional
async def read(product_id: UUID, session: Session) -> Product:
    """Read a product."""
    return await get_product(session, product_id)


@router.patch(
    "/{product_id}",
    response_model=ProductRead,
    dependencies=admins,
    responses=documented(InvalidToken, Forbidden, ProductNotFound, NothingToChange),
)
@optional
async def update(product_id: UUID, body: ProductUpdate, session: Session) -> Product:
    """Change some fields of a product (admins)."""
    return await update_product(session, product_id, body)


@router.delete(
    "/{product_id}",
    status_code=204,
    dependencies=admins,
    responses=documented(InvalidToken, Forbidden, ProductNotFound),
)
@optional
async def delete(product_id: UUID, session: Session) -> None:
    """Remove a product (admins)."""
    await delete_product(session, product_id)


@router.get("/{product_id}/quote", responses=documented(ProductNotFound, InsufficientStock))
@service("order")
async def quote(product_id: UUID, quantity: Annotated[int, Query(ge=1, le=MAX_QUANTITY)], session: Session) -> Quote:
    """Price a quantity that is in stock (the order service, sealed)."""
    return await quote_product(session, product_id, quantity)
