"""The tiny service with routes that take an Idempotency-Key, on a real database; several of it stand for processes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fastapi import FastAPI, Request, Response
from pydantic import SecretStr
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.auth.tokens import TokenVerifier
from chassis.core.clock import ClockSkew
from chassis.core.errors import Conflict
from chassis.core.project import NAME
from chassis.core.types import Body, Read, new_id
from chassis.dependencies import ADMIN, PERSON, CurrentUser
from chassis.idempotency.answers import MAX_BODY
from chassis.idempotency.dependency import KEY_EXPIRY, KEYED, IdempotencyKey, Key
from chassis.idempotency.kinds import REPEATABLE, UNREPEATABLE, InFlight
from chassis.postgres.database import Database, Postgres, Session
from chassis.sealing.access import optional, public, service
from chassis.web.routing import service_router
from tests.chassis.auth.issuer import Revoked
from tests.chassis.idempotency.points import go_on
from tests.chassis.tiny import serve_tiny
from tests.sealing.messages import as_setting, make_keys
from tests.support.having import having
from user.tokens.issuer import TokenIssuer

THINGS = "/api/v1/things"
KEYS = make_keys("order", "user", "tiny")
ISSUER = TokenIssuer(
    ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    "user",
    NAME,
)
router = service_router("things")


class Base(DeclarativeBase):
    """Tables of these tests."""


class Thing(Base):
    """A thing."""

    __tablename__ = "things"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    status: Mapped[str] = mapped_column(default="made")


class New(Body):
    """A new thing."""

    name: str


class ThingRead(Read):
    """A thing that was made."""

    id: UUID
    name: str
    status: str


class Refused(Conflict):
    """The thing was refused."""

    code = "refused"


async def _reach(request: Request, point: str) -> None:
    await request.app.state.at(point)


async def _make(session: AsyncSession, new: New) -> Thing:
    thing = Thing(name=new.name)
    session.add(thing)
    await session.flush()
    return thing


@router.post("", access=optional(), auth=PERSON, idempotency=KEYED, status_code=201, response_model=ThingRead)
async def make(request: Request, session: Session, new: New, user: CurrentUser, response: Response) -> Thing:
    """Create a thing for a person; the session precedes the person on purpose."""
    thing = await _make(session, new)
    await _reach(request, "made")
    response.headers.update({"Location": f"{THINGS}/{thing.id}", "ETag": '"1"', "Set-Cookie": "secret=1"})
    return thing


@router.post("/{shelf}/put", access=optional(), auth=PERSON, idempotency=KEYED, status_code=204)
async def put(shelf: str, session: Session, user: CurrentUser) -> None:
    """Create a thing on a shelf, and return nothing."""
    await _make(session, New(name=shelf))


@router.post("/guarded", access=optional(), auth=ADMIN, idempotency=KEYED, status_code=201, response_model=ThingRead)
async def make_as_admin(session: Session, new: New, user: CurrentUser) -> Thing:
    """Create a thing as an admin."""
    return await _make(session, new)


@router.post("/sealed", access=service(), idempotency=KEYED, status_code=201, response_model=ThingRead)
async def make_for_peer(session: Session, new: New) -> Thing:
    """Create a thing for a peer."""
    return await _make(session, new)


@router.post("/public", access=public(), idempotency=KEYED, status_code=201, response_model=ThingRead)
async def make_for_anybody(session: Session, new: New) -> Thing:
    """Create a thing for an anonymous caller."""
    return await _make(session, new)


@router.post("/repeatable", access=optional(), idempotency=REPEATABLE, status_code=204)
async def make_again(session: Session, new: New) -> None:
    """Create a thing, unless one of this name exists."""
    if await session.scalar(select(func.count()).where(Thing.name == new.name)) == 0:
        await _make(session, new)


@router.post("/unrepeatable", access=optional(), idempotency=UNREPEATABLE, status_code=204)
async def make_another(session: Session, new: New) -> None:
    """Create a thing on each call."""
    await _make(session, new)


@router.put("/by-put", access=optional(), status_code=204)
@router.delete("/by-delete", access=optional(), operation_id="make_by_delete", status_code=204)
async def make_by_method(session: Session, new: New) -> None:
    """Create a thing by a method that RFC 9110 calls idempotent."""
    await _make(session, new)


@router.post("/long", access=optional(), auth=PERSON, idempotency=KEYED, status_code=201)
async def answer_at_length(session: Session, new: New, user: CurrentUser) -> str:
    """Create a thing and return a long answer."""
    await _make(session, new)
    return "x" * MAX_BODY


@router.post("/ordered", access=optional(), auth=PERSON, idempotency=KEYED, status_code=201, response_model=ThingRead)
async def order(request: Request, new: New, user: CurrentUser, database: Database, key: Key) -> Thing:
    """Create a thing in several transactions, as a saga does."""
    thing, is_first = await _begin(database, key, new)
    if is_first:
        await _reach(request, "begun")
        await settle(database, "made")
        await _reach(request, "settled")
    async with database.transaction() as session:
        thing = await session.get_one(Thing, thing.id)
    if thing.status == "pending":
        raise InFlight
    if thing.status == "refused":
        raise Refused
    return thing


async def _begin(database: Postgres, key: IdempotencyKey, new: New) -> tuple[Thing, bool]:
    thing = Thing(id=new_id(), name=new.name, status="pending")
    async with database.transaction() as session:
        if earlier := await key.begin(session, thing.id):
            return await session.get_one(Thing, earlier), False
        session.add(thing)
        return thing, True


async def settle(database: Postgres, status: str) -> None:
    """Complete what is pending, as the request or a resumer does."""
    async with database.transaction() as session:
        await session.execute(update(Thing).where(Thing.status == "pending").values(status=status))


@dataclass(frozen=True, slots=True)
class Worker:
    """One of the processes that serve."""

    app: FastAPI
    url: str

    @property
    def database(self) -> Postgres:
        """Its database."""
        store: Postgres = self.app.state.application.store
        return store


@asynccontextmanager
async def serve_worker(database_url: str) -> AsyncIterator[Worker]:
    """Run one on a real socket."""
    own = as_setting({name: ring for name, ring in KEYS.items() if "TINY" in name})
    store = Postgres(SecretStr(database_url), "tiny", expiries=[KEY_EXPIRY])
    async with serve_tiny(router, store=store, link_key=own, max_body_bytes=4096) as tiny:
        tiny.app.state.at = go_on
        tokens = TokenVerifier(ISSUER, Revoked(), "user", NAME, ClockSkew())
        with having(tiny.app, tokens=tokens):
            yield Worker(tiny.app, str(tiny.client.base_url).rstrip("/"))


async def count(worker: Worker) -> int:
    """Return the number of things created."""
    async with worker.database.transaction() as session:
        return await session.scalar(select(func.count(Thing.id))) or 0
