from typing import Any

import pytest

from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import RemoteError
from cli.dev.polling import eventually
from tests.support.aliases import MakeUser, People

ADA = {"username": "ada", "email": "ada@example.org", "password": "correct horse battery"}
REGISTER = "/api/v1/users/register"


async def test_register_makes_an_account_that_can_log_in(sealed: Dispatcher, people: People) -> None:
    """A registered person can log in at once, and the answer does not contain the password."""
    account = (await sealed.send("user", "POST", REGISTER, json=ADA)).json()

    assert account["username"] == "ada"
    assert "password" not in str(account)
    login = await people["user"].post("/api/v1/users/login", json={"username": "ada", "password": ADA["password"]})
    assert login.status_code == 200


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"email": "other@example.org"}, "username_taken"),
        ({"email": "other@example.org", "username": "ADA"}, "username_taken"),
        ({"username": "other"}, "email_taken"),
        ({"username": "other", "email": "ADA@EXAMPLE.ORG"}, "email_taken"),
    ],
)
async def test_register_refuses_what_is_taken(
    sealed: Dispatcher, make_user: MakeUser, change: dict[str, str], code: str
) -> None:
    """A second account for one name or address is refused, in every spelling."""
    await make_user("ada")

    with pytest.raises(RemoteError) as refused:
        await sealed.send("user", "POST", REGISTER, json=ADA | change)

    assert (refused.value.remote_status, refused.value.remote_code) == (409, code)


@pytest.mark.parametrize(
    "change",
    [
        {"password": "short"},
        {"username": "a b"},
        {"username": "ab"},
        {"email": "nobody"},
        {"email": 7},
        {"admin": True},
        {"password": "x" * 129},
    ],
)
async def test_register_refuses_invalid_values(sealed: Dispatcher, change: dict[str, Any]) -> None:
    """Values out of bounds and unknown fields are a sealed 422."""
    with pytest.raises(RemoteError) as refused:
        await sealed.send("user", "POST", REGISTER, json=ADA | change)

    assert (refused.value.remote_status, refused.value.remote_code) == (422, "invalid_request")


async def test_register_refuses_plain_json(people: People) -> None:
    """A password is not accepted in a plain request."""
    response = await people["user"].post(REGISTER, json=ADA)

    assert response.status_code == 400
    assert response.json()["code"] == "encryption_required"


async def test_registration_reaches_analytics(sealed: Dispatcher, people: People) -> None:
    """The event of a registration is counted."""
    await sealed.send("user", "POST", REGISTER, json=ADA)

    async def is_counted() -> bool:
        stats = (await people["analytics"].get("/api/v1/analytics/stats")).json()
        return bool(stats["by_type"] == {"user.registered": 1})

    assert await eventually(is_counted)
