"""Dependencies of this service's routes: write keys, retention, and access to statistics."""

from typing import Annotated

from fastapi import Depends, Request

from analytics.ingestion.check_write_key import InvalidWriteKey, check_write_key
from analytics.ingestion.write_keys import key_in, presented_key
from analytics.parts import parts_of
from analytics.retention import Retention
from chassis.application import application_of
from chassis.auth.tokens import InvalidToken
from chassis.dependencies import ANALYST, Authentication, refuse_without_role, token_of
from chassis.mongodb.database import Database


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
    if "authorization" not in request.headers and not parts_of(request).settings.strict:
        return  # ENCRYPTION_MODE is permissive
    await _holder(request, database)


_BY_KEY = (InvalidWriteKey,)
_SCHEMES = {
    "WriteKey": {
        "type": "http",
        "scheme": "bearer",
        "description": "A write key (`bin/cli analytics keys`), for sending events.",
    },
    "WriteKeyAsUser": {
        "type": "http",
        "scheme": "basic",
        "description": "The same as the user name, with an empty password, as Segment's clients send it.",
    },
}
KEY_HOLDER = Authentication(
    "write key", "a write key; it may be `writeKey` in the body", _holder_by_body, _BY_KEY, _SCHEMES
)
"""A program with a write key, also in the body (as sendBeacon, Kotlin and Swift send it); 401 for others."""
PEER_OR_KEY_HOLDER = Authentication(
    "write key", "a write key, unless it is sealed", _peer_or_holder, _BY_KEY, _SCHEMES, or_sealed=True
)
"""A sealed peer, or a program with a write key; 401 for others."""


def is_sealed(request: Request) -> bool:
    """Whether a request was sealed, by a peer that the receiver has admitted."""
    return hasattr(request.state, "caller")


async def _statistics_reader(request: Request) -> None:
    if parts_of(request).settings.shows_statistics or is_sealed(request):
        return
    token = token_of(request)
    if not token:
        raise InvalidToken
    refuse_without_role(await application_of(request.app).tokens.verify(token), "analyst", "admin")


STATISTICS_READER = Authentication(
    "role analyst, or a peer",
    f"{ANALYST.needs}, unless it is sealed; none in development, or where ANALYTICS_PUBLIC_STATS is true",
    _statistics_reader,
    ANALYST.errors,
    ANALYST.schemes,
    or_sealed=True,
)
"""An analyst, an admin or a sealed peer (401 or 403 for others); anyone where statistics are public."""


async def _publishers(request: Request) -> frozenset[str]:
    return parts_of(request).publishers


Publishers = Annotated[frozenset[str], Depends(_publishers)]
"""The services that publish events here: types that begin with their names are reserved."""


async def _retention(request: Request) -> Retention:
    return parts_of(request).retention


Keeping = Annotated[Retention, Depends(_retention)]
"""How long events are kept."""
