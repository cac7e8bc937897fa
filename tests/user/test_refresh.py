import asyncio
from datetime import timedelta

import jwt
import pytest
from sqlalchemy import Executable, func, select, update

from chassis.postgres.database import Postgres
from tests.support.aliases import MakeUser, People
from tests.user.logins import USERS, authorized, change, log_in, read, refresh, statuses
from user.audit import AuditKind
from user.models import AuditEntry, RefreshToken, User, UserSession

# make_user gives every account a further session; those of logins have refresh tokens.
WITH_TOKENS = UserSession.id.in_(select(RefreshToken.session_id))
LONG_AGO = func.now() - timedelta(seconds=31)
"""Longer than the grace period of a spent token."""


async def test_refresh_gives_new_tokens_of_the_same_session(people: People, make_user: MakeUser) -> None:
    """Both tokens are new and work; the session is that of the login, and caches must not store the answer."""
    await make_user("ada")
    first = await log_in(people)

    response = await refresh(people, first)

    second = response.json()
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
    assert (second["token_type"], second["expires_in"]) == ("bearer", 900)
    assert first["refresh_token"] != second["refresh_token"]
    old, new = (jwt.decode(one["access_token"], options={"verify_signature": False}) for one in (first, second))
    assert (old["sid"], old["sub"]) == (new["sid"], new["sub"])
    assert old["jti"] != new["jti"]
    assert await statuses(people, second) == (200, 200)


async def test_a_spent_token_gives_the_same_successor_for_a_while(people: People, make_user: MakeUser) -> None:
    """Within 30 s a second tab, or a client whose answer was lost, gets the same refresh token."""
    await make_user("ada")
    first = await log_in(people)

    one, other = await refresh(people, first), await refresh(people, first)

    assert one.json()["refresh_token"] == other.json()["refresh_token"]


async def test_a_spent_token_leads_to_one_that_is_good(people: People, make_user: MakeUser) -> None:
    """A spent token whose successor was spent too returns the valid token after that."""
    await make_user("ada")
    first = await log_in(people)
    second = (await refresh(people, first)).json()
    third = (await refresh(people, second)).json()

    late = (await refresh(people, first)).json()

    assert late["refresh_token"] == third["refresh_token"]


async def test_twenty_at_once_get_one_successor(people: People, make_user: MakeUser, database: Postgres) -> None:
    """However many requests use one token at once, it is spent once and has one successor."""
    await make_user("ada")
    first = await log_in(people)

    answers = await asyncio.gather(*(refresh(people, first) for _ in range(20)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    assert len(await read(database, select(RefreshToken))) == 2


async def test_reuse_after_the_grace_ends_the_session(people: People, make_user: MakeUser, database: Postgres) -> None:
    """A token that is used again 30 s later has been stolen: no token of the session works any more."""
    await make_user("ada")
    stolen = await log_in(people)
    newest = (await refresh(people, stolen)).json()
    await change(database, update(RefreshToken).where(RefreshToken.used_at.is_not(None)).values(used_at=LONG_AGO))

    response = await refresh(people, stolen)

    assert (response.status_code, response.json()["code"]) == (401, "invalid_refresh_token")
    assert await statuses(people, newest) == (401, 401)


async def test_reuse_leaves_other_sessions_alone(people: People, make_user: MakeUser, database: Postgres) -> None:
    """The session of another device stays active."""
    await make_user("ada")
    stolen, other = await log_in(people), await log_in(people)
    await refresh(people, stolen)
    await change(database, update(RefreshToken).where(RefreshToken.used_at.is_not(None)).values(used_at=LONG_AGO))

    await refresh(people, stolen)

    assert await statuses(people, other) == (200, 200)


async def test_reuse_is_told_once(people: People, make_user: MakeUser, database: Postgres) -> None:
    """The audit log names person and session, once, however often the stolen token is used."""
    ada = await make_user("ada")
    stolen = await log_in(people)
    await refresh(people, stolen)
    await change(database, update(RefreshToken).where(RefreshToken.used_at.is_not(None)).values(used_at=LONG_AGO))

    await asyncio.gather(*(refresh(people, stolen) for _ in range(5)))

    [entry] = await read(database, select(AuditEntry).where(AuditEntry.kind == AuditKind.REFRESH_REUSED))
    [session_id] = await read(database, select(UserSession.id).where(UserSession.revoked_because == "reuse"))
    assert (entry.user_id, entry.actor_id, entry.details) == (ada.id, None, {"session_id": str(session_id)})


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(update(UserSession).values(expires_at=func.now()), id="expired"),
        pytest.param(update(UserSession).values(revoked_at=func.now()), id="revoked"),
        pytest.param(update(User).values(is_active=False), id="deactivated"),
    ],
)
async def test_refresh_needs_a_living_session(
    people: People, make_user: MakeUser, database: Postgres, end: Executable
) -> None:
    """If the session has ended or its person is deactivated, the refresh is a 401."""
    await make_user("ada")
    tokens = await log_in(people)
    await change(database, end)

    response = await refresh(people, tokens)

    assert (response.status_code, response.json()["code"]) == (401, "invalid_refresh_token")


async def test_trying_an_expired_session_again_is_no_theft(
    people: People, make_user: MakeUser, database: Postgres
) -> None:
    """A refused token is not spent: using it again, however late, raises no alarm."""
    await make_user("ada")
    tokens = await log_in(people)
    await change(database, update(UserSession).values(expires_at=func.now()))

    await refresh(people, tokens)
    await change(database, update(RefreshToken).where(RefreshToken.used_at.is_not(None)).values(used_at=LONG_AGO))
    await refresh(people, tokens)

    assert await read(database, select(AuditEntry).where(AuditEntry.kind == AuditKind.REFRESH_REUSED)) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"refresh_token": "x"}', 401),
        (b'{"refresh_token": "%s"}' % (b"A" * 43), 401),
        (b'{"refresh_token": "\xc3\xa4"}', 401),
        (b'{"refresh_token": "%s"}' % (b"A" * 129), 422),
        (b'{"refresh_token": ""}', 422),
        (b'{"refresh_token": "\\ud800"}', 422),
        (b'{"refresh_token": "\\u0000"}', 422),
        (b'{"refresh_token": null}', 422),
        (b'{"refresh_token": 7}', 422),
        (b"{}", 422),
        (b"", 422),
    ],
)
async def test_refresh_refuses_what_is_no_token(people: People, body: bytes, status: int) -> None:
    """An unknown token is a 401, a malformed one a 422."""
    response = await people["user"].post(f"{USERS}/refresh", content=body, headers={"Content-Type": "application/json"})

    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


async def test_an_access_token_cannot_refresh(people: People, make_user: MakeUser) -> None:
    """Neither kind of token replaces the other."""
    await make_user("ada")
    tokens = await log_in(people)

    response = await refresh(people, {"refresh_token": tokens["access_token"]})

    assert response.status_code == 422
    swapped = authorized({"access_token": tokens["refresh_token"]})
    assert (await people["user"].get(f"{USERS}/profile", headers=swapped)).status_code == 401


@pytest.mark.parametrize(("age", "left"), [(0, 30), (100, 30), (170, 10)])
async def test_a_session_that_is_used_goes_on_for_180_days(
    people: People, make_user: MakeUser, database: Postgres, age: int, left: int
) -> None:
    """Each refresh extends the session by 30 days, but not beyond 180 days after the login."""
    await make_user("ada")
    tokens = await log_in(people)
    began, soon = func.now() - timedelta(days=age), func.now() + timedelta(minutes=1)
    await change(database, update(UserSession).values(created_at=began, expires_at=soon))

    await refresh(people, tokens)

    days = func.extract("epoch", UserSession.expires_at - func.now()) / 86_400
    [rest] = await read(database, select(days).where(WITH_TOKENS))
    assert float(rest) == pytest.approx(left, abs=0.01)


async def test_the_new_access_token_has_the_present_role(
    people: People, make_user: MakeUser, database: Postgres
) -> None:
    """A person who has become an admin is one after the next refresh."""
    await make_user("ada")
    tokens = await log_in(people)
    await change(database, update(User).values(role="admin"))

    renewed = (await refresh(people, tokens)).json()

    assert (await people["user"].get(USERS, headers=authorized(tokens))).status_code == 403
    assert (await people["user"].get(USERS, headers=authorized(renewed))).status_code == 200


async def test_no_token_can_be_read_from_the_tables(people: People, make_user: MakeUser, database: Postgres) -> None:
    """The tables contain neither a token nor its successor, as text or as bytes."""
    await make_user("ada")
    first = await log_in(people)
    second = (await refresh(people, first)).json()

    [spent] = await read(database, select(RefreshToken).where(RefreshToken.used_at.is_not(None)))
    stored = spent.token_hash + spent.salt
    assert not any(tokens["refresh_token"].encode() in stored for tokens in (first, second))
