"""What the routes that take events in declare: who may send, and how long events are kept."""

from typing import Annotated

from fastapi import Depends, Request

from analytics.retention import Retention
from analytics.services.check_write_key import check_write_key
from analytics.write_keys import key_in, presented_key
from chassis.mongodb import Database


async def _holder(request: Request, database: Database) -> None:
    await check_write_key(database, presented_key(request.headers.get("authorization", "")))


async def _holder_by_body(request: Request, database: Database) -> None:
    if "authorization" in request.headers:
        await _holder(request, database)
    else:
        await check_write_key(database, key_in(await request.body()))


async def _peer_or_holder(request: Request, database: Database) -> None:
    if is_sealed(request):
        return
    if "authorization" not in request.headers and not request.app.state.settings.strict:
        return  # ENCRYPTION_MODE is permissive
    await _holder(request, database)


_holder.authentication = "write key"  # type: ignore[attr-defined]
_holder_by_body.authentication = "write key"  # type: ignore[attr-defined]
_peer_or_holder.authentication = "write key"  # type: ignore[attr-defined]

SegmentKeyHolder = Depends(_holder_by_body)
"""A program with a write key, be it in the body (as sendBeacon, Kotlin and Swift send it); 401 for others."""
PeerOrKeyHolder = Depends(_peer_or_holder)
"""A sealed peer, or a program with a write key; 401 for others."""


def is_sealed(request: Request) -> bool:
    """Whether a request came sealed, from a peer whom the receiver let pass."""
    return hasattr(request.state, "caller")


async def _retention(request: Request) -> Retention:
    retention: Retention = request.app.state.retention
    return retention


Keeping = Annotated[Retention, Depends(_retention)]
"""How long events are kept."""
