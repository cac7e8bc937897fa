import hashlib
import json
from typing import Any

import pytest
from sqlalchemy import func, select

from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import RemoteError
from chassis.postgres.database import Postgres
from chassis.postgres.tables import idempotency_keys
from tests.support.aliases import MakeUser, People
from tests.user.logins import PASSWORD, USERS, attempt, read
from user.models import AuditEntry, User

EVE = {"username": "eve", "email": "eve@example.org", "password": PASSWORD}
REGISTER = f"{USERS}/register"


async def add(people: People, admin: dict[str, str], key: str = "one", **differently: Any) -> Any:  # noqa: ANN401
    """Create an account as an admin, with a key; returns the answer."""
    return await people["user"].post(USERS, json=EVE | differently, headers=admin | {"Idempotency-Key": key})


async def test_an_account_is_made_once_for_one_key(
    people: People, admin: dict[str, str], make_user: MakeUser, database: Postgres
) -> None:
    """The same request again gets the same answer; nothing is created, logged or published again."""
    await make_user("bob")

    first, again = await add(people, admin), await add(people, admin)

    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.content, again.headers["location"]) == (first.content, first.headers["location"])
    assert again.headers["idempotent-replayed"] == "true"
    assert await read(database, select(User.username).order_by(User.username)) == ["bob", "eve", "root"]
    assert await read(database, select(func.count()).select_from(AuditEntry)) == [1]


async def test_another_request_with_the_key_is_refused(people: People, admin: dict[str, str]) -> None:
    """Another account under the same key is refused, and not created."""
    await add(people, admin)

    other = await add(people, admin, username="bob", email="bob@example.org")

    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert (await people["user"].get(f"{USERS}/stats/count")).json() == {"count": 2}


async def test_a_refused_request_leaves_its_key_free(people: People, admin: dict[str, str]) -> None:
    """After a 409 nothing has changed: the corrected request may use the key."""
    taken = await add(people, admin, username="root")

    put_right = await add(people, admin)

    assert (taken.status_code, put_right.status_code) == (409, 201)


async def test_a_registration_can_be_repeated(sealed: Dispatcher, people: People, database: Postgres) -> None:
    """A program without an answer asks again, and gets the account that it created."""
    first, again = [
        (await sealed.send("user", "POST", REGISTER, json=EVE, idempotency_key="one")).json() for _ in range(2)
    ]

    assert first == again
    assert await read(database, select(User.username)) == ["eve"]
    assert (await attempt(people, "eve")).status_code == 200


async def test_what_is_kept_of_a_request_does_not_let_its_password_be_guessed(
    people: People, admin: dict[str, str], database: Postgres
) -> None:
    """The stored answer does not contain the password, and the fingerprint cannot be computed without our secret."""
    response = await add(people, admin)

    async with database.transaction() as session:
        row = (await session.execute(select(idempotency_keys))).one()
    request = b"\n".join((b"POST", USERS.encode(), b"", response.request.content))
    assert PASSWORD not in str(row)
    assert PASSWORD.encode() not in row.body
    assert row.fingerprint != hashlib.sha256(request).digest()


async def test_a_deleted_account_is_gone_from_the_kept_answer_too(
    people: People, admin: dict[str, str], database: Postgres
) -> None:
    """Sending the key again does not recreate the account; the answer about another account is kept."""
    eve = (await add(people, admin)).json()
    bob = await add(people, admin, "two", username="bob", email="bob@example.org")

    await people["user"].delete(f"{USERS}/{eve['id']}", headers=admin)

    async with database.transaction() as session:
        kept = (await session.scalars(select(idempotency_keys.c.body))).all()
    again = await add(people, admin)
    assert [b"eve" in body for body in kept if body] == [False]
    assert (again.status_code, again.json()["code"]) == (404, "user_not_found")
    assert (await add(people, admin, "two", username="bob", email="bob@example.org")).content == bob.content


async def test_a_new_account_is_read_at_its_location(people: People, admin: dict[str, str]) -> None:
    """The Location of a 201 is the account."""
    made = await people["user"].post(USERS, json=EVE, headers=admin)

    assert (await people["user"].get(made.headers["location"], headers=admin)).json() == made.json()


async def test_a_registered_account_has_a_location(sealed: Dispatcher, people: People, admin: dict[str, str]) -> None:
    """The Location of a registration is the account, for those who may read it."""
    answer = await sealed.send("user", "POST", REGISTER, json=EVE)

    read_there = await people["user"].get(answer.headers["location"], headers=admin)
    assert read_there.json() == json.loads(answer.body)


async def test_without_a_key_a_second_account_is_refused(sealed: Dispatcher) -> None:
    """Without a key a repeated request is refused, because the name is taken."""
    await sealed.send("user", "POST", REGISTER, json=EVE)

    with pytest.raises(RemoteError, match="already registered"):
        await sealed.send("user", "POST", REGISTER, json=EVE)
