"""Revoking tokens (RFC 7009)."""

from typing import Any

import pytest
from sqlalchemy import select

from chassis.postgres.database import Postgres
from tests.support.aliases import MakeUser, People
from tests.user.logins import USERS, log_in, read, refresh, statuses
from user.audit import AuditKind
from user.models import AuditEntry, UserSession

REVOKE = f"{USERS}/revoke"


@pytest.mark.parametrize("kind", ["access_token", "refresh_token", "spent", "json"])
async def test_revoking_a_token_ends_its_session(
    people: People, make_user: MakeUser, database: Postgres, kind: str
) -> None:
    """Whatever the hint says; another session of the person, and another person's, go on; the audit log has it."""
    ada, _ = await make_user("ada"), await make_user("bob")
    mine, other, foreign = await log_in(people), await log_in(people), await log_in(people, "bob")
    newest = (await refresh(people, mine)).json() if kind == "spent" else mine
    form = {"token": mine.get(kind, mine["refresh_token"]), "token_type_hint": "other"}

    body: dict[str, Any] = {"json": form} if kind == "json" else {"data": form}
    answer = await people["user"].post(REVOKE, **body)

    assert (answer.status_code, answer.content) == (200, b"")
    assert await statuses(people, newest) == (401, 401)
    assert [await statuses(people, one) for one in (other, foreign)] == [(200, 200)] * 2
    [entry] = await read(database, select(AuditEntry).where(AuditEntry.kind == AuditKind.LOGGED_OUT))
    [session_id] = await read(database, select(UserSession.id).where(UserSession.revoked_at.is_not(None)))
    assert (entry.user_id, entry.actor_id, entry.details) == (ada.id, ada.id, {"session_id": str(session_id)})


@pytest.mark.parametrize("token", ["unknown", "a.b.c", "ä", "revoked", "forged"])
async def test_revoking_what_is_not_valid_changes_nothing(
    people: People, make_user: MakeUser, database: Postgres, token: str
) -> None:
    """It is a success for the client (RFC 7009, 2.2)."""
    await make_user("ada")
    ended, other = await log_in(people), await log_in(people)
    await people["user"].post(REVOKE, data={"token": ended["access_token"]})
    before = await read(database, select(AuditEntry.id))
    tokens = {"revoked": ended["refresh_token"], "forged": f"{other['access_token'][:-8]}AAAAAAAA"}

    answer = await people["user"].post(REVOKE, data={"token": tokens.get(token, token)})

    assert (answer.status_code, await read(database, select(AuditEntry.id))) == (200, before)
    assert await statuses(people, other) == (200, 200)


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        ("", "application/x-www-form-urlencoded"),
        ("token=", "application/x-www-form-urlencoded"),
        ("token=a&token=b", "application/x-www-form-urlencoded"),
        (f"token={'x' * 4097}", "application/x-www-form-urlencoded"),
        ("token=a", "text/plain"),
        ('{"token": 7}', "application/json"),
        ('["token"]', "application/json"),
        ("{", "application/json"),
    ],
)
async def test_revoking_needs_one_token(people: People, content: str, content_type: str) -> None:
    """Anything else is an ``invalid_request``."""
    answer = await people["user"].post(REVOKE, content=content, headers={"Content-Type": content_type})

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
