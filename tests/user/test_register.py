from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import select

import user.main
from chassis.core.types import new_id
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import RemoteError
from chassis.postgres.database import Postgres
from cli.dev.polling import eventually
from tests.support.aliases import MakeUser, People
from tests.support.plain import NO_AUTHORITIES
from tests.support.serving import serve
from tests.user.logins import log_in, prolong, read
from user.models import User

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


async def test_register_refuses_plain_json(people: People, database: Postgres) -> None:
    """Unless a setting allows it; the problem has the two ways, and no account exists."""
    response = await people["user"].post(REGISTER, json=ADA)

    assert response.status_code == 400
    assert response.json()["code"] == "encryption_required"
    assert {"`bin/cli", "call`", "PLAIN_REGISTRATION=true."} <= set(response.json()["detail"].split())
    assert await read(database, select(User)) == []


@pytest.fixture
async def browser(people: People, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """A plain client of a replica that takes plain registrations."""
    monkeypatch.setenv("PLAIN_REGISTRATION", "true")
    async with serve(user.main.build()) as url, httpx.AsyncClient(base_url=url, verify=NO_AUTHORITIES) as client:
        yield client


async def test_a_browser_registers_where_a_setting_allows_it(
    browser: httpx.AsyncClient, people: People, make_user: MakeUser, database: Postgres
) -> None:
    """The person can log in; a key, which has no owner, and a name that is taken are refused without an effect."""
    bob = await make_user("bob")

    keyed = await browser.post(REGISTER, json=ADA, headers={"Idempotency-Key": str(new_id())})
    taken = await browser.post(REGISTER, json=ADA | {"username": "BOB"})
    answer = await browser.post(REGISTER, json=ADA)

    assert [(one.status_code, one.json()["code"]) for one in (keyed, taken)] == [
        (400, "invalid_idempotency_key"),
        (409, "username_taken"),
    ]
    assert (answer.status_code, answer.json()["username"]) == (201, "ada")
    accounts = await read(database, select(User).order_by(User.id))
    assert [(one.username, one.role, one.password_hash == bob.password_hash) for one in accounts] == [
        ("bob", "user", True),
        ("ada", "user", False),
    ]
    assert await log_in(people)


async def test_registrations_from_one_address_are_limited(browser: httpx.AsyncClient, database: Postgres) -> None:
    """After thirty, whatever becomes of them: who tries names out is slowed down."""
    weak = ADA | {"password": "password1234"}
    refused = [await browser.post(REGISTER, json=weak) for _ in range(30)]
    await prolong(database)

    answer = await browser.post(REGISTER, json=ADA)

    assert {one.json()["code"] for one in refused} == {"weak_password"}
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_attempts")
    assert await read(database, select(User)) == []


async def test_registration_reaches_analytics(sealed: Dispatcher, people: People) -> None:
    """The event of a registration is counted."""
    await sealed.send("user", "POST", REGISTER, json=ADA)

    async def is_counted() -> bool:
        stats = (await people["analytics"].get("/api/v1/analytics/stats")).json()
        return bool(stats["by_type"] == {"user.registered": 1})

    assert await eventually(is_counted)
