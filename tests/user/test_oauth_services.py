"""What services and clients read of this authorization server: introspection (RFC 7662), metadata (RFC 8414)."""

from typing import Any

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from fastapi import FastAPI

from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import RemoteError
from cli.client import client as program
from tests.support.aliases import MakeUser, People
from tests.support.having import having
from tests.user.logins import USERS, authorized, log_in
from user.settings import Settings

INTROSPECT = f"{USERS}/introspect"
METADATA = "/.well-known/oauth-authorization-server"


async def introspected(service: Dispatcher, token: str) -> dict[str, Any]:
    """Introspect a token, as a service."""
    answer: dict[str, Any] = (await service.send("user", "POST", INTROSPECT, json={"token": token})).json()
    return answer


async def test_a_linked_service_introspects_access_tokens(
    people: People, make_user: MakeUser, environment: dict[str, str]
) -> None:
    """It reads the claims of a valid one, and nothing of any other, of a refresh token, and of an ended session."""
    ada = await make_user("ada")
    tokens, ended = await log_in(people), await log_in(people)
    await people["user"].post(f"{USERS}/logout", headers=authorized(ended))

    async with program(environment, "order", ["user"]) as order:
        active = await introspected(order, tokens["access_token"])
        others = [ended["access_token"], tokens["refresh_token"], "unknown", f"{tokens['access_token']}x"]
        answers = [await introspected(order, one) for one in others]

    assert (active["active"], active["sub"], active["roles"]) == (True, str(ada.id), ["user"])
    assert (active["iss"], active["exp"] - active["iat"]) == (environment["JWT_ISSUER"], 900)
    assert answers == [{"active": False}] * 4


async def test_a_time_that_no_database_has_is_refused(people: People, environment: dict[str, str]) -> None:
    """The problem of a list of revocations since then is a 422, as of any wrong value."""
    async with program(environment, "order", ["user"]) as order:
        with pytest.raises(RemoteError) as refused:
            await order.send("user", "GET", f"{USERS}/revocations", query={"since": "9999-12-31T23:59:59-23:59"})

    assert refused.value.remote_status == 422


async def test_the_metadata_is_true(people: People, environment: dict[str, str], make_user: MakeUser) -> None:
    """The issuer is that of the tokens, the addresses answer, and authlib finds no fault but plain HTTP and no type."""
    await make_user("ada")
    answer = await people["user"].get(METADATA)
    server = answer.json()

    assert answer.headers["content-type"] == "application/json"
    assert server["issuer"] == environment["JWT_ISSUER"]
    for grant in server["grant_types_supported"]:
        refused = await people["user"].post(server["token_endpoint"], data={"grant_type": grant})
        assert refused.json()["error"] == "invalid_request"
    assert (await people["user"].post(server["revocation_endpoint"], data={"token": "x"})).status_code == 200
    assert (await people["user"].get(server["jwks_uri"])).json()["keys"]
    public = AuthorizationServerMetadata(_with_https(server) | {"response_types_supported": ["none"]})
    public.validate()


def _with_https(server: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.replace("http:", "https:") if isinstance(value, str) else value for name, value in server.items()
    }


@pytest.mark.parametrize(
    ("kind", "issuer", "status"),
    [
        ("local", "user", 404),
        ("local", "http://127.0.0.1:8002/", 404),
        ("production", "http://api.example.org", 404),
        ("production", "https://api.example.org/auth", 404),
        ("production", "https://api.example.org", 200),
    ],
)
async def test_without_an_address_there_is_no_metadata(
    apps: dict[str, FastAPI], people: People, kind: str, issuer: str, status: int
) -> None:
    """A name, plain HTTP outside development, or an address with a path is no issuer; the problem names the setting."""
    settings = Settings.load().model_copy(update={"environment": kind, "jwt_issuer": issuer})
    with having(apps["user"], settings=settings):
        answer = await people["user"].get(METADATA)

    assert answer.status_code == status
    assert answer.json().get("issuer", issuer) == issuer
    assert ("JWT_ISSUER" in answer.text) == (status == 404)
