from typing import Any
from uuid import UUID

import pytest

from chassis.dispatch.dispatcher import Dispatcher
from chassis.postgres.database import Postgres
from tests.support.aliases import Bearer, MakeUser, People
from tests.user.logins import PASSWORD, USERS
from user.tokens.email_tokens import Purpose, issue_email_token

PROFILE = f"{USERS}/profile"


async def test_profile_is_that_of_the_token(people: People, make_user: MakeUser, bearer: Bearer) -> None:
    """A person reads their own account."""
    ada = await make_user("ada")
    await make_user("bob")

    response = await people["user"].get("/api/v1/users/profile", headers=bearer(ada))

    assert response.json()["username"] == "ada"


async def test_profile_works_sealed(sealed: Dispatcher, make_user: MakeUser, bearer: Bearer) -> None:
    """The token travels inside the envelope."""
    token = bearer(await make_user("ada"))["Authorization"].removeprefix("Bearer ")

    profile = (await sealed.send("user", "GET", "/api/v1/users/profile", bearer=token)).json()

    assert profile["username"] == "ada"


async def test_profile_needs_a_token_of_an_account(people: People, bearer: Bearer) -> None:
    """Without a token, or with one of a deleted account, it is a 401 that says what to do."""
    without = await people["user"].get("/api/v1/users/profile")
    gone = await people["user"].get("/api/v1/users/profile", headers=bearer())

    assert without.status_code == gone.status_code == 401
    assert without.headers["www-authenticate"] == "Bearer"


async def test_count_counts_accounts(people: People, make_user: MakeUser) -> None:
    """The public count is the number of accounts."""
    await make_user("ada")
    await make_user("bob")

    response = await people["user"].get("/api/v1/users/stats/count")

    assert response.json() == {"count": 2}


async def test_activity_comes_from_analytics(
    sealed: Dispatcher, people: People, make_user: MakeUser, bearer: Bearer
) -> None:
    """A person's activity is what analytics has counted for that person only."""
    ada, bob = await make_user("ada"), await make_user("bob")
    for user, times in ((ada, 2), (bob, 1)):
        for _ in range(times):
            await sealed.send(
                "analytics", "POST", "/api/v1/analytics/events", json={"type": "seen", "userid": str(user.id)}
            )

    response = await people["user"].get("/api/v1/users/stats", headers=bearer(ada))

    assert response.json() == {"total": 2, "by_type": {"seen": 2}}


async def test_a_name_can_be_changed(people: People, make_user: MakeUser, bearer: Bearer) -> None:
    """A new name, or another spelling of one's own, needs no password."""
    ada = bearer(await make_user("ada"))

    for name in ("ADA", "countess"):
        response = await people["user"].patch(PROFILE, json={"username": name}, headers=ada)

        assert (response.status_code, response.json()["username"]) == (200, name)
    assert (await people["user"].get(PROFILE, headers=ada)).json() == response.json()


@pytest.mark.parametrize("name", ["bob", "BOB", "ｂｏｂ", "b\u200dob"])  # noqa: RUF001 - full-width, on purpose
async def test_a_taken_name_is_refused(people: People, make_user: MakeUser, bearer: Bearer, name: str) -> None:
    """A taken name is refused in every spelling."""
    ada = bearer(await make_user("ada"))
    await make_user("bob")

    response = await people["user"].patch(PROFILE, json={"username": name}, headers=ada)

    assert (response.status_code, response.json()["code"]) == (409, "username_taken")
    assert (await people["user"].get(PROFILE, headers=ada)).json()["username"] == "ada"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"email": "new@example.org"}, 422, "invalid_request"),
        ({"email": "new@example.org", "password": ""}, 422, "invalid_request"),
        ({"email": "new@example.org", "password": "wrong"}, 403, "wrong_password"),
        ({"email": "nonsense", "password": PASSWORD}, 422, "invalid_request"),
        ({"role": "admin"}, 422, "invalid_request"),
        ({"is_active": False}, 422, "invalid_request"),
        ({"id": str(UUID(int=0))}, 422, "invalid_request"),
        ({"email_verified_at": "2026-11-21T12:00:00Z"}, 422, "invalid_request"),
        ({"username": "a b"}, 422, "invalid_request"),
        ({"username": "a@b"}, 422, "invalid_request"),
    ],
)
async def test_a_change_that_cannot_be_is_refused(
    people: People,
    make_user: MakeUser,
    bearer: Bearer,
    change: dict[str, Any],
    status: int,
    code: str,
) -> None:
    """The refusal has the reason, and the request has no effect."""
    ada = bearer(await make_user("ada"))
    before = (await people["user"].get(PROFILE, headers=ada)).json()

    response = await people["user"].patch(PROFILE, json={"username": "countess"} | change, headers=ada)

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert (await people["user"].get(PROFILE, headers=ada)).json() == before


@pytest.mark.parametrize("by", ["owner", "admin", "reset", "confirmation"])
async def test_who_is_shut_out_cannot_come_back_by_mail(
    database: Postgres, people: People, make_user: MakeUser, bearer: Bearer, by: str
) -> None:
    """Tokens sent before a new password or address are refused."""
    ada, root = await make_user("ada"), bearer(await make_user("root", role="admin"))
    async with database.transaction() as session:
        reset = await issue_email_token(session, ada.id, Purpose.RESET, "ada@example.org")
        thief = await issue_email_token(session, ada.id, Purpose.VERIFY, "thief@example.org")
    new_password = {"current_password": PASSWORD, "new_password": "five unrelated plum words"}
    deeds = {
        "owner": ("POST", f"{USERS}/password", new_password, bearer(ada)),
        "admin": ("PATCH", f"{USERS}/{ada.id}", {"email": "safe@example.org"}, root),
        "reset": ("POST", f"{USERS}/password-reset/confirm", {"token": reset, "password": "plum words of a thief"}, {}),
        "confirmation": ("POST", f"{USERS}/email-verification/confirm", {"token": thief}, {}),
    }

    method, path, body, headers = deeds[by]
    assert (await people["user"].request(method, path, json=body, headers=headers)).is_success

    verify = await people["user"].post(f"{USERS}/email-verification/confirm", json={"token": thief})
    again = await people["user"].post(
        f"{USERS}/password-reset/confirm", json={"token": reset, "password": "plum words of a thief"}
    )
    assert (verify.status_code, again.status_code) == (400, 400)
