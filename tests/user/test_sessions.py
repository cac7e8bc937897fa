from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from chassis.postgres.database import Postgres
from tests.support.aliases import MakeUser, People
from tests.user.logins import USERS, Tokens, authorized, change, log_in, read, refresh, statuses
from user.models import UserSession

SESSIONS = f"{USERS}/sessions"
NOBODYS = "00000000-0000-0000-0000-000000000000"


async def list_ids(people: People, tokens: Tokens, query: str = "") -> list[str]:
    """Return the ids of a person's sessions, in listed order."""
    page = (await people["user"].get(f"{SESSIONS}{query}", headers=authorized(tokens))).json()
    return [one["id"] for one in page["items"]]


async def end(people: People, tokens: Tokens, session_id: object) -> int:
    """End a session by its id; returns the status."""
    return (await people["user"].delete(f"{SESSIONS}/{session_id}", headers=authorized(tokens))).status_code


async def test_logout_ends_this_session_at_once(people: People, make_user: MakeUser) -> None:
    """After a logout neither token of the session works."""
    await make_user("ada")
    tokens = await log_in(people)

    response = await people["user"].post(f"{USERS}/logout", headers=authorized(tokens))

    assert response.status_code == 204
    assert await statuses(people, tokens) == (401, 401)


async def test_logout_leaves_other_sessions_alone(people: People, make_user: MakeUser) -> None:
    """The login on another device stays active, and so do other people's."""
    await make_user("ada")
    await make_user("bob")
    here, there, bobs = await log_in(people), await log_in(people), await log_in(people, "bob")

    await people["user"].post(f"{USERS}/logout", headers=authorized(here))

    assert await statuses(people, there) == await statuses(people, bobs) == (200, 200)


async def test_logout_all_ends_all_of_ones_own(people: People, make_user: MakeUser) -> None:
    """All of one's devices are logged out."""
    await make_user("ada")
    here, there = await log_in(people), await log_in(people)

    response = await people["user"].post(f"{USERS}/logout-all", headers=authorized(here))

    assert response.status_code == 204
    assert await statuses(people, here) == await statuses(people, there) == (401, 401)


async def test_logout_all_leaves_other_people_alone(people: People, make_user: MakeUser) -> None:
    """Other people's sessions stay active."""
    await make_user("ada")
    await make_user("bob")
    adas, bobs = await log_in(people), await log_in(people, "bob")

    await people["user"].post(f"{USERS}/logout-all", headers=authorized(adas))

    assert await statuses(people, bobs) == (200, 200)


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "logout"), ("POST", "logout-all"), ("GET", "sessions"), ("DELETE", f"sessions/{NOBODYS}")],
)
async def test_sessions_are_for_who_is_logged_in(people: People, method: str, path: str) -> None:
    """Without an access token there is nothing to list or end."""
    assert (await people["user"].request(method, f"{USERS}/{path}")).status_code == 401


async def test_sessions_are_listed_newest_first(people: People, make_user: MakeUser) -> None:
    """One's own sessions are listed, the last login first."""
    ada = await make_user("ada")
    await log_in(people)
    tokens = await log_in(people)

    ids = await list_ids(people, tokens)

    assert len(ids) == 3
    assert ids == sorted(ids, reverse=True)
    assert ids[-1] == str(ada.id)  # the session that the fixture creates with the account


async def test_sessions_come_in_pages(people: People, make_user: MakeUser) -> None:
    """The cursor of one page leads to the next."""
    await make_user("ada")
    tokens = await log_in(people)
    everything = await list_ids(people, tokens)

    first = (await people["user"].get(f"{SESSIONS}?limit=1", headers=authorized(tokens))).json()
    second = await list_ids(people, tokens, f"?limit=1&cursor={first['next_cursor']}")

    assert [one["id"] for one in first["items"]] + second == everything


async def test_a_session_tells_its_device(people: People, make_user: MakeUser) -> None:
    """A session is listed with its address, program and times, and without a token."""
    await make_user("ada")
    people["user"].headers["User-Agent"] = "a phone"
    tokens = await log_in(people)

    newest = (await people["user"].get(SESSIONS, headers=authorized(tokens))).json()["items"][0]

    assert newest.keys() == {"id", "created_at", "last_used_at", "expires_at", "address", "user_agent"}
    assert (newest["address"], newest["user_agent"]) == ("127.0.0.1", "a phone")


async def test_sessions_of_others_are_not_listed(people: People, make_user: MakeUser) -> None:
    """A person does not see another person's sessions."""
    bob = await make_user("bob")
    await make_user("ada")

    assert str(bob.id) not in await list_ids(people, await log_in(people))


async def test_ended_sessions_are_not_listed(people: People, make_user: MakeUser, database: Postgres) -> None:
    """Neither a logged-out session nor an expired one is listed."""
    ada = await make_user("ada")
    out, tokens = await log_in(people), await log_in(people)
    await people["user"].post(f"{USERS}/logout", headers=authorized(out))
    await change(database, update(UserSession).where(UserSession.id == ada.id).values(expires_at=func.now()))

    assert len(await list_ids(people, tokens)) == 1


async def test_a_session_of_ones_own_can_be_ended(people: People, make_user: MakeUser) -> None:
    """A lost phone is logged out, and this device stays logged in."""
    await make_user("ada")
    phone = await log_in(people)
    [lost, _] = await list_ids(people, phone)
    here = await log_in(people)

    assert await end(people, here, lost) == 204

    assert await statuses(people, phone) == (401, 401)
    assert await statuses(people, here) == (200, 200)


async def test_a_session_ends_once(people: People, make_user: MakeUser) -> None:
    """Ending a session a second time is a 404."""
    ada = await make_user("ada")
    tokens = await log_in(people)

    assert [await end(people, tokens, ada.id) for _ in range(2)] == [204, 404]


async def test_an_expired_session_cannot_be_ended(people: People, make_user: MakeUser, database: Postgres) -> None:
    """An expired session has already ended: 404."""
    ada = await make_user("ada")
    tokens = await log_in(people)
    expired = func.now() - timedelta(seconds=1)
    await change(database, update(UserSession).where(UserSession.id == ada.id).values(expires_at=expired))

    assert await end(people, tokens, ada.id) == 404


async def test_nobody_ends_the_sessions_of_others(people: People, make_user: MakeUser, database: Postgres) -> None:
    """Another person's session is a 404, as if it did not exist, and stays active."""
    bob = await make_user("bob")
    await make_user("ada")

    assert await end(people, await log_in(people), bob.id) == 404

    assert await read(database, select(UserSession.revoked_at).where(UserSession.id == bob.id)) == [None]


@pytest.mark.parametrize(("session_id", "status"), [("x", 422), (NOBODYS, 404)])
async def test_a_session_that_never_was_cannot_be_ended(
    people: People, make_user: MakeUser, session_id: str, status: int
) -> None:
    """A malformed id is a 422, an unknown id a 404."""
    await make_user("ada")

    assert await end(people, await log_in(people), session_id) == status


async def test_refreshing_is_seen_in_the_list(people: People, make_user: MakeUser, database: Postgres) -> None:
    """A session has the time of its last use."""
    await make_user("ada")
    tokens = await log_in(people)
    await change(database, update(UserSession).values(last_used_at=func.now() - timedelta(days=1)))

    await refresh(people, tokens)

    newest, older = (await people["user"].get(SESSIONS, headers=authorized(tokens))).json()["items"]
    assert newest["last_used_at"] > older["last_used_at"]
