"""Routes with which services and clients check access tokens."""

from typing import Annotated

from fastapi import Depends, Query, Response

from chassis.auth.remote import KEYS_EVERY_S
from chassis.core.problems import documented
from chassis.core.types import Since
from chassis.dependencies import Tokens
from chassis.idempotency.kinds import REPEATABLE
from chassis.postgres.database import Database, OwnClaim
from chassis.sealing.access import public, service
from chassis.web.routing import Router, service_router
from user.dependencies import FromSettings, Issuer, no_store
from user.errors import NoIssuerAddress
from user.oauth.errors import InvalidClient, InvalidOAuthRequest
from user.oauth.metadata import Metadata, describe_server
from user.oauth.tokens import TOKEN_BODY, SentToken
from user.schemas import ActiveToken, InactiveToken, KeySet, Revocations
from user.services.introspect_token import introspect_token
from user.services.list_revocations import list_revocations

router = service_router("users", "tokens", "Revocation and introspection of access tokens, for other services.")
well_known = Router("/.well-known", "well-known", "Public keys of access tokens, and metadata for OAuth 2 clients.")


async def _cached(response: Response) -> None:
    # Not longer: a key is published for twice this long before it signs, and one cache may be behind another.
    response.headers["Cache-Control"] = f"public, max-age={KEYS_EVERY_S:.0f}"


@router.get("/revocations", access=service())
async def revocations(
    database: Database, claim: OwnClaim, since: Annotated[Since | None, Query()] = None
) -> Revocations:
    """List the sessions whose access tokens must be refused."""
    return await list_revocations(database, claim, since)


@router.post(
    "/introspect",
    access=service(),
    idempotency=REPEATABLE,
    dependencies=[no_store],
    response_model=ActiveToken | InactiveToken,
    responses=documented(InvalidOAuthRequest, InvalidClient),
    openapi_extra=TOKEN_BODY,
)
async def introspect(token: SentToken, tokens: Tokens) -> ActiveToken | InactiveToken:
    """Return the claims of an access token that is valid now (RFC 7662)."""
    return await introspect_token(tokens, token)


@well_known.get("/jwks.json", access=public(), dependencies=[Depends(_cached)])
async def jwks(issuer: Issuer) -> KeySet:
    """Return the public keys that verify access tokens (RFC 7517)."""
    return KeySet(keys=issuer.jwks()["keys"])


@well_known.get(
    "/oauth-authorization-server",
    access=public(),
    dependencies=[Depends(_cached)],
    responses=documented(NoIssuerAddress),
)
async def metadata(settings: FromSettings) -> Metadata:
    """Return the addresses and abilities of this service for OAuth 2 clients (RFC 8414)."""
    if settings.issuer_address is None:
        raise NoIssuerAddress
    return describe_server(settings.issuer_address)
