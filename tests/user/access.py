"""Who may call each route of user, and what its requests are about."""

from datetime import timedelta
from functools import partial
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy import func

from tests.support.access import PASSWORD, AccessTable
from user.models import EmailToken, RefreshToken
from user.tokens.opaque_tokens import token_hash

_NEW_PASSWORD = "four unrelated plum words"
_EVE = {"username": "eve", "email": "eve@example.org", "password": PASSWORD}


async def make_things(apps: dict[str, FastAPI], ada: UUID) -> dict[str, str]:
    """Create Ada's refresh token and her tokens from mails."""
    letter = partial(EmailToken, user_id=ada, email="ada@example.org", expires_at=func.now() + timedelta(hours=1))
    async with apps["user"].state.application.store.transaction() as session:
        session.add(RefreshToken(token_hash=token_hash("refresh"), session_id=ada))
        session.add_all(letter(purpose=purpose, token_hash=token_hash(purpose)) for purpose in ("verify", "reset"))
    return {"user_id": str(ada), "session_id": str(ada)}


TABLE = AccessTable(
    policies={
        "POST /api/v1/users/login": "open",
        "POST /api/v1/users/refresh": "open",
        "POST /api/v1/users/revoke": "open",
        "POST /api/v1/users/logout": "person",
        "POST /api/v1/users/logout-all": "person",
        "GET /api/v1/users/sessions": "person",
        "DELETE /api/v1/users/sessions/{session_id}": "owner",
        "POST /api/v1/users/register": "sealed",
        "GET /api/v1/users/profile": "person",
        "PATCH /api/v1/users/profile": "person",
        "DELETE /api/v1/users/profile": "person",
        "POST /api/v1/users/password": "person",
        "GET /api/v1/users/stats": "person",
        "POST /api/v1/users/email-verification": "person",
        "POST /api/v1/users/email-verification/confirm": "open",
        "POST /api/v1/users/password-reset": "open",
        "POST /api/v1/users/password-reset/confirm": "open",
        "GET /api/v1/users": "admin",
        "POST /api/v1/users": "admin",
        "GET /api/v1/users/{user_id}": "admin",
        "PATCH /api/v1/users/{user_id}": "admin",
        "DELETE /api/v1/users/{user_id}": "admin",
        "GET /api/v1/users/audit": "admin",
        "GET /api/v1/users/stats/count": "public",
        "GET /api/v1/users/revocations": "service",
        "POST /api/v1/users/introspect": "service",
        "GET /.well-known/jwks.json": "public",
        "GET /.well-known/oauth-authorization-server": "public",
    },
    bodies={
        "POST /api/v1/users/login": {"username": "ada", "password": PASSWORD},
        "POST /api/v1/users/refresh": {"refresh_token": "refresh"},
        "POST /api/v1/users/revoke": {"token": "refresh"},
        "POST /api/v1/users/introspect": {"token": "refresh"},
        "POST /api/v1/users/register": _EVE,
        "PATCH /api/v1/users/profile": {"username": "eve"},
        "DELETE /api/v1/users/profile": {"password": PASSWORD},
        "POST /api/v1/users/password": {"current_password": PASSWORD, "new_password": _NEW_PASSWORD},
        "POST /api/v1/users/email-verification/confirm": {"token": "verify"},
        "POST /api/v1/users/password-reset": {"email": "ada@example.org"},
        "POST /api/v1/users/password-reset/confirm": {"token": "reset", "password": _NEW_PASSWORD},
        "POST /api/v1/users": {**_EVE, "role": "admin"},
        "PATCH /api/v1/users/{user_id}": {"role": "admin"},
    },
    make_things=make_things,
)
