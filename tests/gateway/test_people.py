"""The person's own address and user agent, behind the gateway."""

import httpx
from fastapi import FastAPI

from chassis.application import application_of
from chassis.postgres.database import Postgres
from tests.analytics.dashboard import sessions
from tests.support.aliases import Bearer, MakeUser, People
from tests.user.logins import PASSWORD, USERS, authorized, prolong

FREE = 30
"""Wrong passwords from one address, before it has to wait."""


def from_address(address: str, user_agent: str = "browser/1") -> dict[str, str]:
    """Return the headers of a request that our proxy has received from an address."""
    return {"x-forwarded-for": address, "user-agent": user_agent, "x-client-address": "203.0.113.9"}


async def log_in(people: People, address: str, username: str = "ada", password: str = PASSWORD) -> httpx.Response:
    """Log in through the gateway."""
    body = {"username": username, "password": password}
    return await people["gateway"].post(f"{USERS}/login", json=body, headers=from_address(address))


async def test_sessions_and_the_audit_log_have_the_persons_address_and_user_agent(
    people: People, bearer: Bearer, make_user: MakeUser
) -> None:
    """Not those of the gateway, which forwards the request, nor an address that the person claims."""
    bob, admin = await make_user("bob"), await make_user("root", "admin")
    await make_user("ada")
    tokens = (await log_in(people, "2001:db8::7")).json()
    headers = {**bearer(admin), **from_address("192.0.2.9", "browser/2")}
    await people["gateway"].patch(f"{USERS}/{bob.id}", json={"role": "analyst"}, headers=headers)

    own = (await people["gateway"].get(f"{USERS}/sessions", headers=authorized(tokens))).json()["items"]
    audit = (await people["gateway"].get(f"{USERS}/audit", headers=bearer(admin))).json()["items"]

    assert ("2001:db8::7", "browser/1") in {(one["address"], one["user_agent"]) for one in own}
    assert {(one["address"], one["user_agent"]) for one in audit} == {
        ("2001:db8::7", "browser/1"),
        ("192.0.2.9", "browser/2"),
    }


async def test_a_guesser_at_one_address_does_not_slow_those_at_another(
    apps: dict[str, FastAPI], people: People, make_user: MakeUser
) -> None:
    """The gateway is no address that all people share, nor can a person take another's."""
    await make_user("ada")
    for number in range(FREE):
        assert (await log_in(people, "192.0.2.7", f"nobody{number}", "wrong password")).status_code == 401
    store = application_of(apps["user"]).store
    assert isinstance(store, Postgres)
    await prolong(store)

    assert (await log_in(people, "192.0.2.7")).status_code == 429
    assert (await log_in(people, "192.0.2.8")).status_code == 200


async def test_the_dashboard_works_with_its_cookie_at_the_gateway(people: People, make_user: MakeUser) -> None:
    """The browser sends it to the dashboard alone; the login is throttled by the person's address, too."""
    await make_user("root", "admin")

    begun = await sessions.log_in(people["gateway"], address="192.0.2.7")
    carried_on = await sessions.refresh(people["gateway"])

    cookie = sessions.cookie_of(begun)
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/dashboard", True, "strict")
    assert (begun.status_code, carried_on.status_code) == (200, 200)
    token = {"authorization": f"Bearer {carried_on.json()['access_token']}"}
    newest, *_ = (await people["gateway"].get(f"{USERS}/sessions", headers=token)).json()["items"]
    assert newest["address"] == "192.0.2.7"
