import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from chassis.dispatch.dispatcher import Dispatcher
from chassis.postgres.database import Postgres
from tests.support.aliases import Bearer, MakeUser, People
from tests.user.logins import PASSWORD, USERS, Tokens, attempt, authorized, change, log_in, prolong, read, statuses
from user.audit import AuditKind
from user.models import AuditEntry, User
from user.services import change_password as changing

NEW = "staple battery horse"


async def change_password(
    people: People, headers: dict[str, str], current: str = PASSWORD, new: str = NEW
) -> httpx.Response:
    """Try to change the password."""
    body = {"current_password": current, "new_password": new}
    return await people["user"].post(f"{USERS}/password", json=body, headers=headers)


async def test_the_new_password_is_the_one_that_works(people: People, make_user: MakeUser, bearer: Bearer) -> None:
    """After the change the new password logs in, and the old one does not."""
    ada = await make_user("ada")

    assert (await change_password(people, bearer(ada))).status_code == 200

    assert (await attempt(people, "ada", PASSWORD)).status_code == 401
    assert (await attempt(people, "ada", NEW)).status_code == 200


async def test_a_change_gives_tokens_that_work(people: People, make_user: MakeUser, bearer: Bearer) -> None:
    """The person who changed it stays logged in, with the tokens of a new session; caches must not store them."""
    ada = await make_user("ada")

    response = await change_password(people, bearer(ada))

    tokens: Tokens = response.json()
    assert tokens.keys() == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert response.headers["cache-control"] == "no-store"
    assert await statuses(people, tokens) == (200, 200)


async def test_a_change_ends_every_session(people: People, make_user: MakeUser) -> None:
    """All old tokens are refused, also those of this device."""
    await make_user("ada")
    here, there = await log_in(people), await log_in(people)

    await change_password(people, authorized(here))

    assert await statuses(people, here) == await statuses(people, there) == (401, 401)


async def test_a_change_leaves_other_people_alone(people: People, make_user: MakeUser, bearer: Bearer) -> None:
    """Other people's sessions and passwords are unchanged."""
    ada = await make_user("ada")
    await make_user("bob")
    bobs = await log_in(people, "bob")

    await change_password(people, bearer(ada))

    assert await statuses(people, bobs) == (200, 200)
    assert (await attempt(people, "bob")).status_code == 200


async def test_a_change_needs_the_current_password(
    people: People, make_user: MakeUser, bearer: Bearer, database: Postgres
) -> None:
    """A stolen access token is not enough; the refusal is a 403, and the attempt is in the audit log."""
    ada = await make_user("ada")

    response = await change_password(people, bearer(ada), current="wrong password")

    assert (response.status_code, response.json()["code"]) == (403, "wrong_password")
    assert await read(database, select(AuditEntry.kind)) == [AuditKind.PASSWORD_REFUSED]
    assert (await attempt(people)).status_code == 200


async def test_the_current_password_cannot_be_guessed_either(
    people: People, make_user: MakeUser, bearer: Bearer, database: Postgres
) -> None:
    """After five wrong passwords there is a wait, also for the right one."""
    ada = await make_user("ada")
    for _ in range(5):
        assert (await change_password(people, bearer(ada), current="wrong password")).status_code == 403
    await prolong(database)

    response = await change_password(people, bearer(ada))

    assert (response.status_code, response.json()["code"]) == (429, "too_many_attempts")
    assert int(response.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    ("new", "code"),
    [
        ("short", "invalid_request"),
        ("x" * 129, "invalid_request"),
        ("passwordpassword", "weak_password"),
        ("ada@example.org", "weak_password"),
    ],
)
async def test_a_weak_new_password_changes_nothing(
    people: People, make_user: MakeUser, bearer: Bearer, new: str, code: str
) -> None:
    """A weak password is a 422, and the old password and the sessions are unchanged."""
    ada = await make_user("ada")

    response = await change_password(people, bearer(ada), new=new)

    assert (response.status_code, response.json()["code"]) == (422, code)
    assert await statuses(people, await log_in(people)) == (200, 200)


async def test_of_two_changes_at_once_one_wins(
    people: People, make_user: MakeUser, bearer: Bearer, database: Postgres
) -> None:
    """Both requests have the right password, but the second finds it changed: one is a 200, one a 401 or 403."""
    ada = await make_user("ada")
    wanted = [NEW, "another horse entirely"]

    answers = await asyncio.gather(*(change_password(people, bearer(ada), new=new) for new in wanted))

    won, lost = sorted(answers, key=lambda answer: answer.status_code)
    assert won.status_code == 200
    assert lost.status_code in {401, 403}
    assert (await attempt(people, "ada", wanted[answers.index(won)])).status_code == 200
    assert await statuses(people, won.json()) == (200, 200)


async def test_a_change_is_in_the_audit_log(
    people: People, make_user: MakeUser, bearer: Bearer, database: Postgres
) -> None:
    """The log has the account, but no password."""
    ada = await make_user("ada")

    await change_password(people, bearer(ada))

    [entry] = await read(database, select(AuditEntry))
    assert (entry.kind, entry.user_id, entry.actor_id) == (AuditKind.PASSWORD_CHANGED, ada.id, ada.id)
    assert entry.details == {}


async def test_a_password_can_be_changed_sealed(sealed: Dispatcher, make_user: MakeUser, bearer: Bearer) -> None:
    """A program may send the passwords sealed, and gets sealed tokens."""
    token = bearer(await make_user("ada"))["Authorization"].removeprefix("Bearer ")
    body = {"current_password": PASSWORD, "new_password": NEW}

    tokens: dict[str, Any] = (await sealed.send("user", "POST", f"{USERS}/password", json=body, bearer=token)).json()

    assert tokens["refresh_token"]


async def test_a_role_that_is_lost_meanwhile_stays_lost(
    people: People, make_user: MakeUser, bearer: Bearer, database: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token of the new session has the account's role at the start of that session."""
    admin = await make_user("ada", role="admin")

    async def hash_slowly(*_given: object) -> str:
        await change(database, update(User).values(role="user"))
        return "a hash"

    monkeypatch.setattr(changing, "hash_new_password", hash_slowly)

    tokens: Tokens = (await change_password(people, bearer(admin))).json()

    assert (await people["user"].get(USERS, headers=authorized(tokens))).status_code == 403
