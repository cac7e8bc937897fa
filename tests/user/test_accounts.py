from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func

from chassis.postgres.database import Postgres
from tests.support.aliases import Bearer, MakeUser, People
from tests.user.logins import PASSWORD, USERS
from user.models import User

EVE = {"username": "eve", "email": "eve@example.org", "password": PASSWORD}
NOBODY = UUID(int=0)


@pytest.mark.parametrize("role", ["user", "analyst", "editor", "admin"])
async def test_an_admin_makes_accounts_of_any_role(people: People, admin: dict[str, str], role: str) -> None:
    """The new account can log in, and has the rights of its role."""
    made = await people["user"].post(USERS, json={**EVE, "role": role}, headers=admin)
    token = await people["user"].post(f"{USERS}/login", json={"username": "eve", "password": PASSWORD})

    eve = {"Authorization": f"Bearer {token.json()['access_token']}"}
    assert (made.status_code, made.json()["role"]) == (201, role)
    assert (await people["user"].get(USERS, headers=eve)).status_code == (200 if role == "admin" else 403)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"username": "ROOT"}, 409, "username_taken"),
        ({"email": "Root@example.org"}, 409, "email_taken"),
        ({"password": "password1234"}, 422, "weak_password"),
        ({"password": "short"}, 422, "invalid_request"),
        ({"role": "king"}, 422, "invalid_request"),
        ({"is_active": True}, 422, "invalid_request"),
        ({"id": str(NOBODY)}, 422, "invalid_request"),
        ({"username": "ﷺ" * 64}, 422, "invalid_request"),
        ({"email": f"{'ﷺ' * 60}@example.org"}, 422, "invalid_request"),
        ({"username": "\u3164\u3164\u3164"}, 422, "invalid_request"),
        ({"username": "ro\u200dot"}, 409, "username_taken"),
        ({"username": "ro\ufe0fot"}, 409, "username_taken"),
    ],
)
async def test_an_account_that_cannot_be_is_not_made(
    people: People, admin: dict[str, str], change: dict[str, Any], status: int, code: str
) -> None:
    """The refusal has the reason, and no account is added."""
    response = await people["user"].post(USERS, json=EVE | change, headers=admin)

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert (await people["user"].get(f"{USERS}/stats/count")).json() == {"count": 1}


async def test_an_admin_changes_what_is_named(people: People, admin: dict[str, str], make_user: MakeUser) -> None:
    """The fields in the request change, and no other."""
    ada = await make_user("ada")
    before = (await people["user"].get(f"{USERS}/{ada.id}", headers=admin)).json()
    change = {"username": "countess", "email": "countess@example.org", "role": "admin"}

    answer = await people["user"].patch(f"{USERS}/{ada.id}", json=change, headers=admin)

    assert answer.status_code == 200
    assert answer.json() == before | change
    assert (await people["user"].get(f"{USERS}/{ada.id}", headers=admin)).json() == answer.json()


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"username": "ＲＯＯＴ"}, 409, "username_taken"),  # noqa: RUF001 - full-width, on purpose
        ({"email": "ROOT@EXAMPLE.ORG"}, 409, "email_taken"),
        ({"password": PASSWORD}, 422, "invalid_request"),
        ({"email_verified_at": None}, 422, "invalid_request"),
        ({"is_active": "false"}, 422, "invalid_request"),
        ({"is_active": 0}, 422, "invalid_request"),
        ({"role": "king"}, 422, "invalid_request"),
    ],
)
async def test_a_change_that_cannot_be_is_refused(
    people: People,
    admin: dict[str, str],
    make_user: MakeUser,
    change: dict[str, Any],
    status: int,
    code: str,
) -> None:
    """The refusal has the reason, and the account is unchanged."""
    ada = await make_user("ada")
    before = (await people["user"].get(f"{USERS}/{ada.id}", headers=admin)).json()

    response = await people["user"].patch(f"{USERS}/{ada.id}", json=change, headers=admin)

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert (await people["user"].get(f"{USERS}/{ada.id}", headers=admin)).json() == before


@pytest.mark.parametrize(("email", "stays"), [("Ada@Example.org", True), ("ada@example.com", False)])
async def test_a_new_address_is_unproved(
    database: Postgres, people: People, admin: dict[str, str], make_user: MakeUser, email: str, *, stays: bool
) -> None:
    """An address that an admin sets is unconfirmed; another spelling of the same address stays confirmed."""
    ada = await make_user("ada")
    async with database.transaction() as session:
        (await session.get_one(User, ada.id)).email_verified_at = func.now()

    answer = await people["user"].patch(f"{USERS}/{ada.id}", json={"email": email}, headers=admin)

    assert (answer.json()["email_verified_at"] is not None) == stays


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"is_active": False}, 401),
        ({"role": "analyst"}, 401),
        ({"role": "admin"}, 401),
        ({"username": "countess"}, 200),
        ({"role": "user"}, 200),
    ],
)
async def test_new_rights_end_the_sessions(
    people: People,
    admin: dict[str, str],
    make_user: MakeUser,
    bearer: Bearer,
    change: dict[str, Any],
    status: int,
) -> None:
    """A token from before a change of role or activation is refused at once; other changes do not affect it."""
    ada = await make_user("ada")

    await people["user"].patch(f"{USERS}/{ada.id}", json=change, headers=admin)

    assert (await people["user"].get(f"{USERS}/profile", headers=bearer(ada))).status_code == status


async def test_who_is_deactivated_cannot_log_in(people: People, admin: dict[str, str], make_user: MakeUser) -> None:
    """A deactivated account cannot log in until an admin activates it again."""
    ada, statuses = await make_user("ada"), []

    for is_active in (False, True):
        await people["user"].patch(f"{USERS}/{ada.id}", json={"is_active": is_active}, headers=admin)
        login = await people["user"].post(f"{USERS}/login", json={"username": "ada", "password": PASSWORD})
        statuses.append(login.status_code)

    assert statuses == [401, 200]


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_who_is_not_there_is_not_found(
    people: People, admin: dict[str, str], make_user: MakeUser, method: str
) -> None:
    """An unknown id is a 404, and so is that of a deleted account."""
    gone = await make_user("ada")
    await people["user"].delete(f"{USERS}/{gone.id}", headers=admin)
    body = {"username": "countess"} if method == "PATCH" else None

    for user_id in (NOBODY, gone.id):
        response = await people["user"].request(method, f"{USERS}/{user_id}", json=body, headers=admin)

        assert (response.status_code, response.json()["code"]) == (404, "user_not_found")


async def test_a_change_names_something(people: People, admin: dict[str, str], make_user: MakeUser) -> None:
    """A change without a field is a 422 that says so, for one's own account and for others."""
    ada = await make_user("ada")

    theirs = await people["user"].patch(f"{USERS}/{ada.id}", json={}, headers=admin)
    own = await people["user"].patch(f"{USERS}/profile", json={"password": "anything"}, headers=admin)

    assert {(one.status_code, one.json()["code"]) for one in (theirs, own)} == {(422, "nothing_to_change")}
