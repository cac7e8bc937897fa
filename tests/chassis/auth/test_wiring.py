from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

import httpx
import pytest
from fastapi import Request
from pydantic import AnyHttpUrl

from chassis.app import create_app
from chassis.application import own_part
from chassis.core.project import NAME
from chassis.core.types import new_id
from chassis.dependencies import PERSON, CurrentUser
from chassis.sealing.access import public, service
from chassis.web.routing import Router, service_router
from cli.dev.polling import eventually
from tests.chassis.auth.issuer import UNTIL, make_key
from tests.chassis.tiny import TinySettings
from tests.sealing.messages import as_setting, make_keys
from tests.support.serving import NoDatabase, serve
from user.tokens.issuer import TokenIssuer

users = service_router("users")
things = service_router("things")
well_known = Router("/.well-known", "keys")


class UserSettings(TinySettings):
    """The settings of the service that issues tokens."""

    service_name: ClassVar[str] = "user"


class TinyFollower(TinySettings):
    """The settings of a service that accepts its tokens."""

    peers: ClassVar[frozenset[str]] = frozenset({"user"})
    tokens_from: ClassVar[str | None] = "user"

    user_service_url: AnyHttpUrl


class Sessions(set[UUID]):
    """Revoked sessions, as the service that issues tokens stores them."""

    async def is_revoked(self, session_id: UUID) -> bool:
        """Look a session up."""
        return session_id in self


@dataclass(frozen=True, slots=True)
class Own:
    """The dependencies of the issuing service's routes."""

    issuer: TokenIssuer
    revoked: Sessions


@well_known.get("/jwks.json", access=public())
async def jwks(request: Request) -> dict[str, Any]:
    """Return the keys."""
    return own_part(request.app, Own).issuer.jwks()


@users.get("/revocations", access=service("tiny"))
async def revocations(request: Request) -> dict[str, Any]:
    """Return the revoked sessions."""
    return {"sessions": [str(session) for session in own_part(request.app, Own).revoked], "until": UNTIL}


@things.get("/mine", access=public(), auth=PERSON)
async def mine(user: CurrentUser) -> dict[str, str]:
    """Return the session of the caller."""
    return {"session": str(user.session_id)}


@dataclass(frozen=True, slots=True)
class Pair:
    """The two services."""

    issuer: TokenIssuer
    revoked: Sessions
    client: httpx.AsyncClient

    async def status(self, session_id: UUID) -> int:
        """Call the following service with a token of this session."""
        token = self.issuer.issue(new_id(), session_id, [])
        return (await self.client.get("/api/v1/things/mine", headers={"Authorization": f"Bearer {token}"})).status_code


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    """Both services, on real sockets."""
    link_key = as_setting(make_keys("user", "tiny"))
    issuer, revoked = TokenIssuer(make_key(), "user", NAME), Sessions()
    own = UserSettings(log_level="WARNING", jwt_issuer="user", link_key=link_key)
    user = create_app(own, NoDatabase(), users, well_known, keys=issuer, revocations=revoked, own=Own(issuer, revoked))
    async with serve(user) as url:
        settings = TinyFollower(
            log_level="WARNING", jwt_issuer="user", link_key=link_key, user_service_url=AnyHttpUrl(url)
        )
        follower = create_app(settings, NoDatabase(), things)
        async with serve(follower) as address, httpx.AsyncClient(base_url=address) as client:
            yield Pair(issuer, revoked, client)


async def test_a_revocation_counts_elsewhere_within_5_seconds(pair: Pair) -> None:
    """A session that one service revokes is refused by the other; other sessions are accepted."""
    session, other = new_id(), new_id()
    assert await pair.status(session) == 200
    pair.revoked.add(session)

    async def is_refused() -> bool:
        return await pair.status(session) == 401

    assert await eventually(is_refused, within=5)
    assert await pair.status(other) == 200
