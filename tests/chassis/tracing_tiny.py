"""A traced service: one route for each value that must not appear in a span."""

from typing import Annotated

from fastapi import Header
from sqlalchemy import text

from chassis.core import context as request_context
from chassis.core.types import Body
from chassis.idempotency.kinds import UNREPEATABLE
from chassis.postgres.database import Session
from chassis.sealing.access import optional
from chassis.telemetry import tracing
from chassis.web.routing import service_router

SECRET = "xyzzy-plugh-4711"
TRACE = "0af7651916cd43dd8448eb211c80319c"
SAMPLED, UNSAMPLED = f"00-{TRACE}-b7ad6b7169203331-01", f"00-{TRACE}-b7ad6b7169203331-00"
THINGS = "/api/v1/things"
router = service_router("things")


class Thing(Body):
    """A thing with a secret."""

    name: str


@router.get("/traceparent", access=optional())
async def tell_trace() -> str | None:
    """Return the trace that calls and events of this request carry."""
    context = request_context.current()
    return context.traceparent if context else None


@router.get("/waiting", access=optional())
async def wait(session: Session) -> None:
    """Look twice, and then act."""
    with tracing.unrecorded():
        for _ in range(2):
            await session.execute(text("SELECT 'look'"))
    await session.execute(text("SELECT 'act'"))


@router.post("/{owner}", access=optional(), idempotency=UNREPEATABLE)
async def store(owner: str, thing: Thing, x_private: Annotated[str, Header()], session: Session) -> str:
    """Query the database for a text."""
    values = {"text": f"{owner} {thing.name} {x_private}"}
    return str(await session.scalar(text("SELECT CAST(:text AS text)"), values))


@router.post("/{owner}/number", access=optional(), idempotency=UNREPEATABLE)
async def misread(owner: str, thing: Thing, session: Session) -> None:
    """Fail in the database, whose error quotes the text."""
    await session.execute(text("SELECT CAST(CAST(:text AS text) AS integer)"), {"text": thing.name})
