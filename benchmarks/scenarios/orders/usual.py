"""
The usual stack: two FastAPI services with SQLAlchemy sessions and httpx, as the tutorials have them.

Plain JSON, no sealing, saga, keys or outbox: an order whose process dies after the first commit has taken units for
nothing, and a repeated request is a second order.
"""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Annotated
from uuid import UUID

import httpx
import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel, ConfigDict
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from benchmarks.serving import serve
from chassis.core.project import NAME
from chassis.core.types import new_id
from order.models import Order, OrderLine
from product.models import Product, Reservation, ReservationLine, StockMovement

_POOL_SIZE = 10
"""Database connections of a process; as many as one of ours has."""


class Wanted(BaseModel):
    """An order of one product."""

    product_id: UUID
    quantity: int


class ReservationWanted(Wanted):
    """The units that an order takes."""

    order_id: UUID


class Line(BaseModel):
    """A line of an order, or of a reservation."""

    model_config = ConfigDict(from_attributes=True)

    product_id: UUID
    quantity: int
    name: str
    unit_price_minor: int


class ReservationRead(BaseModel):
    """A reservation."""

    model_config = ConfigDict(from_attributes=True)

    order_id: UUID
    currency: str
    lines: list[Line]


class OrderRead(BaseModel):
    """An order."""

    id: UUID
    user_id: UUID
    status: str
    currency: str
    total_price: float
    items: list[Line]
    created_at: datetime


def serve_usual_products(pipe: Connection, listener: socket.socket, database: str) -> None:
    """Serve the half that holds the stock on *listener*, until killed."""
    serve(_products(database), pipe, listener)


def serve_usual_orders(
    pipe: Connection, listener: socket.socket, database: str, product_url: str, public_key: bytes, issuer: str
) -> None:
    """Serve the half that verifies the token, reserves the stock and writes the order, until killed."""
    serve(_orders(database, product_url, jwt.PyJWK.from_json(public_key.decode()), issuer), pipe, listener)


def _products(database: str) -> FastAPI:
    get_session = _sessions(database)
    app = FastAPI()

    @app.post("/reservations", status_code=201, response_model=ReservationRead)
    async def reserve(wanted: ReservationWanted, session: Annotated[AsyncSession, Depends(get_session)]) -> Reservation:
        product = await session.get(Product, wanted.product_id, with_for_update=True)
        if product is None:
            raise HTTPException(404, "no such product")
        if product.stock < wanted.quantity:
            raise HTTPException(409, "insufficient stock")
        product.stock -= wanted.quantity
        ids = {"order_id": wanted.order_id, "product_id": product.id}
        price = {"unit_price_minor": product.price_minor, "currency": product.currency, "name": product.name}
        reservation = Reservation(order_id=wanted.order_id, state="committed", expires_at=func.now())
        reservation.lines = [ReservationLine(**ids, quantity=wanted.quantity, **price)]
        session.add(reservation)
        session.add(StockMovement(id=new_id(), **ids, quantity=-wanted.quantity, kind="reservation"))
        await session.commit()
        return reservation

    return app


def _orders(database: str, product_url: str, key: jwt.PyJWK, issuer: str) -> FastAPI:
    get_session, get_user = _sessions(database), _users(key, issuer)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with httpx.AsyncClient(base_url=product_url) as products:
            app.state.products = products
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/api/v1/orders", status_code=201)
    async def place(
        wanted: Wanted,
        user: Annotated[UUID, Depends(get_user)],
        session: Annotated[AsyncSession, Depends(get_session)],
    ) -> OrderRead:
        order_id = new_id()
        reserved = await _reserve(app.state.products, order_id, wanted)
        total = sum(line.unit_price_minor * line.quantity for line in reserved.lines)
        order = Order(id=order_id, user_id=user, status="confirmed", cause="stock_committed")
        order.currency, order.total_price_minor = reserved.currency, total
        order.lines = [OrderLine(position=number, **line.model_dump()) for number, line in enumerate(reserved.lines)]
        session.add(order)
        await session.commit()
        await session.refresh(order)
        return OrderRead(
            id=order.id, user_id=order.user_id, status=order.status, currency=reserved.currency,
            total_price=total / 100, items=reserved.lines, created_at=order.created_at,
        )  # fmt: skip

    return app


async def _reserve(products: httpx.AsyncClient, order_id: UUID, wanted: Wanted) -> ReservationRead:
    body = {"order_id": str(order_id), **wanted.model_dump(mode="json")}
    answer = await products.post("/reservations", json=body)
    if answer.is_error:
        raise HTTPException(answer.status_code, answer.json()["detail"])
    return ReservationRead.model_validate(answer.json())


def _sessions(database: str) -> Callable[[], AsyncIterator[AsyncSession]]:
    """Return the dependency for a session."""
    engine = create_async_engine(database, pool_size=_POOL_SIZE, max_overflow=0)
    sessions = async_sessionmaker(engine, expire_on_commit=False)

    async def get_session() -> AsyncIterator[AsyncSession]:
        async with sessions() as session:
            yield session

    return get_session


def _users(key: jwt.PyJWK, issuer: str) -> Callable[..., Awaitable[UUID]]:
    """Return the dependency for the person of an access token."""

    async def get_user(token: Annotated[str, Depends(OAuth2PasswordBearer("login"))]) -> UUID:
        try:
            return UUID(jwt.decode(token, key, ["ES256"], audience=NAME, issuer=issuer)["sub"])
        except jwt.InvalidTokenError as error:
            raise HTTPException(401, "invalid token") from error

    return get_user
