"""Routes with which other services check access tokens."""

from typing import Annotated

from fastapi import Query
from pydantic import AwareDatetime

from chassis.postgres.database import Session
from chassis.sealing.access import public, service
from chassis.web.routing import Router, service_router
from user.dependencies import Issuer
from user.schemas import KeySet, Revocations
from user.services.list_revocations import list_revocations

router = service_router("users", "tokens", "Revoked sessions, for other services.")
well_known = Router("/.well-known", "keys", "Public keys that verify access tokens.")


@router.get("/revocations", access=service())
async def revocations(session: Session, since: Annotated[AwareDatetime | None, Query()] = None) -> Revocations:
    """List the sessions whose access tokens must be refused."""
    return await list_revocations(session, since)


@well_known.get("/jwks.json", access=public())
async def jwks(issuer: Issuer) -> KeySet:
    """Return the public keys that verify access tokens (RFC 7517)."""
    return KeySet(keys=issuer.jwks()["keys"])
