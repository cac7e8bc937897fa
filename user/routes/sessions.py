"""Logging in and out, by JSON and as OAuth 2 clients do."""

from uuid import UUID

from fastapi import Response

from chassis.core.problems import documented
from chassis.core.types import Page
from chassis.dependencies import PERSON, CurrentUser, Tokens
from chassis.idempotency.kinds import REPEATABLE, UNREPEATABLE
from chassis.postgres.database import Database, Session
from chassis.sealing.access import optional
from chassis.web.pagination import InvalidCursor, Paging, Slice
from chassis.web.routing import service_router
from user.client import FromClient
from user.dependencies import Issuer, no_store
from user.errors import InvalidCredentials, InvalidRefreshToken, SessionNotFound, TooManyAttempts
from user.models import UserSession
from user.oauth.errors import (
    InvalidClient,
    InvalidGrant,
    InvalidOAuthRequest,
    InvalidScope,
    SlowDown,
    UnsupportedGrantType,
)
from user.oauth.grants import LOGIN_BODY, LoginBody, PasswordGrant, RefreshGrant
from user.oauth.tokens import TOKEN_BODY, SentToken
from user.schemas import Refresh, SessionRead, Token
from user.services.end_all_sessions import end_all_sessions
from user.services.end_session import end_session
from user.services.issue_tokens import issue_tokens
from user.services.list_sessions import list_sessions
from user.services.log_in import log_in
from user.services.refresh_session import refresh_session
from user.services.revoke_token import revoke_token

router = service_router("users", "sessions", "Logging in and out, and one's own sessions.")


_OAUTH = InvalidOAuthRequest, InvalidClient


@router.post(
    "/login",
    access=optional(),
    idempotency=UNREPEATABLE,
    dependencies=[no_store],
    responses=documented(
        *_OAUTH, InvalidGrant, UnsupportedGrantType, InvalidScope, SlowDown, InvalidCredentials, TooManyAttempts
    ),
    openapi_extra=LOGIN_BODY,
)
async def login(sent: LoginBody, database: Database, issuer: Issuer, client: FromClient) -> Token:
    """
    Log in with a name or an e-mail address, and a password.

    They are sent as JSON, or as a form by OAuth 2.

    A form is a token request (RFC 6749) with the grant type `password`, which may be left out, or `refresh_token`; its
    errors are those of section 5.2. Clients are public: they need no `client_id`, and have no secret.
    """
    if isinstance(sent, PasswordGrant | RefreshGrant):
        return await issue_tokens(database, issuer, client, sent)
    return await log_in(database, issuer, client, sent)


@router.post(
    "/refresh",
    access=optional(),
    idempotency=REPEATABLE,
    dependencies=[no_store],
    responses=documented(InvalidRefreshToken),
)
async def refresh(body: Refresh, database: Database, issuer: Issuer, client: FromClient) -> Token:
    """Get the next tokens of a session. Using a refresh token again 30 s later ends the session."""
    return await refresh_session(database, issuer, client, body.refresh_token)


@router.post(
    "/revoke",
    access=optional(),
    idempotency=REPEATABLE,
    response_class=Response,
    responses=documented(*_OAUTH),
    openapi_extra=TOKEN_BODY,
)
async def revoke(token: SentToken, database: Database, tokens: Tokens, client: FromClient) -> None:
    """End the session of an access or refresh token (RFC 7009); 200 for a token that is not valid, too."""
    await revoke_token(database, tokens, client, token)


@router.post("/logout", access=optional(), auth=PERSON, idempotency=REPEATABLE, status_code=204)
async def logout(user: CurrentUser, session: Session, client: FromClient) -> None:
    """End this session: its tokens become invalid."""
    await end_session(session, user, client, user.session_id)


@router.post("/logout-all", access=optional(), auth=PERSON, idempotency=REPEATABLE, status_code=204)
async def logout_all(user: CurrentUser, session: Session, client: FromClient) -> None:
    """End all of one's sessions, including this one."""
    await end_all_sessions(session, user, client)


@router.get(
    "/sessions", access=optional(), auth=PERSON, response_model=Page[SessionRead], responses=documented(InvalidCursor)
)
async def list_own_sessions(user: CurrentUser, session: Session, page: Paging) -> Slice[UserSession]:
    """List one's own active sessions, newest first."""
    return await list_sessions(session, user, page)


@router.delete(
    "/sessions/{session_id}", access=optional(), auth=PERSON, status_code=204, responses=documented(SessionNotFound)
)
async def end_own_session(session_id: UUID, user: CurrentUser, session: Session, client: FromClient) -> None:
    """End one of one's own sessions, for example that of a lost phone."""
    await end_session(session, user, client, session_id)
