"""Token requests of OAuth 2 clients (RFC 6749)."""

import asyncio
import base64
from typing import Any

import httpx
import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from oauthlib.oauth2 import InvalidGrantError, LegacyApplicationClient
from sqlalchemy import select, update

from chassis.core.errors import AppError
from chassis.postgres.database import Postgres
from tests.support.aliases import MakeUser, People
from tests.user.logins import PASSWORD, USERS, Tokens, attempt, change, log_in, read, statuses
from tests.user.test_refresh import LONG_AGO
from user.models import RefreshToken, UserSession
from user.oauth.errors import OAuthError as OurError

TOKEN, REVOKE = f"{USERS}/login", f"{USERS}/revoke"
METADATA = "/.well-known/oauth-authorization-server"
ADA = {"username": "ada", "password": PASSWORD}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def basic(text: str) -> dict[str, str]:
    """Return the header of HTTP Basic."""
    return {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


async def ask(people: People, **form: str) -> httpx.Response:
    """Send a token request."""
    return await people["user"].post(TOKEN, data=form)


async def by_form(people: People, tokens: Tokens) -> httpx.Response:
    """Ask for the next tokens, with a form."""
    return await ask(people, grant_type="refresh_token", refresh_token=tokens["refresh_token"])


async def test_authlib_gets_refreshes_and_revokes_tokens(
    environment: dict[str, str], people: People, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It needs the metadata only; afterwards no token of the session works, and it reads our errors."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    await make_user("ada")
    server = (await people["user"].get(METADATA)).json()

    def use() -> tuple[Tokens, Tokens, int]:
        with OAuth2Session("app", token_endpoint=server["token_endpoint"]) as session:
            first = dict(session.fetch_token(username="ada", password=PASSWORD))
            second = dict(session.refresh_token())
            revoked: int = session.revoke_token(server["revocation_endpoint"]).status_code  # type: ignore[no-untyped-call]
            with pytest.raises(OAuthError, match="invalid_grant: This refresh token is not valid any more"):
                session.refresh_token(refresh_token=second["refresh_token"])
            return first, second, revoked

    first, second, revoked = await asyncio.to_thread(use)

    assert first["refresh_token"] != second["refresh_token"]
    assert (revoked, await statuses(people, second)) == (200, (401, 401))


async def test_oauthlib_gets_refreshes_and_revokes_tokens(
    people: People, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an id and an empty secret in HTTP Basic, as it sends them by default; it reads our errors."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    await make_user("ada")
    client, server = LegacyApplicationClient("app"), (await people["user"].get(METADATA)).json()

    async def post(url: str, body: str) -> httpx.Response:
        return await people["user"].post(url, content=body, headers=FORM | basic("app:"))

    async def refreshed() -> Any:  # noqa: ANN401 - the library's own type
        answer = await post(server["token_endpoint"], client.prepare_refresh_body())
        return client.parse_request_body_response(answer.text)

    wanted = client.prepare_request_body("ada", PASSWORD, include_client_id=True)
    client.parse_request_body_response((await post(server["token_endpoint"], wanted)).text)
    tokens = await refreshed()
    url, _, body = client.prepare_token_revocation_request(server["revocation_endpoint"], tokens["access_token"])

    assert (await post(url, body)).status_code == 200
    assert await statuses(people, tokens) == (401, 401)
    with pytest.raises(InvalidGrantError):
        await refreshed()


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ("grant_type=password&username=ada&password=wrong", 400, "invalid_grant"),
        ("grant_type=password&username=eve&password=wrong", 400, "invalid_grant"),
        ("username=ada&password=wrong", 400, "invalid_grant"),
        ("grant_type=refresh_token&refresh_token=wrong", 400, "invalid_grant"),
        ("grant_type=client_credentials", 400, "unsupported_grant_type"),
        (f"grant_type=client_credentials&username=ada&password={PASSWORD}", 400, "unsupported_grant_type"),
        ("grant_type=client_credentials&client_id=app&client_secret=x", 400, "unsupported_grant_type"),
        ("grant_type=authorization_code&code=x", 400, "unsupported_grant_type"),
        ("grant_type=PASSWORD&username=ada&password=x", 400, "unsupported_grant_type"),
        (f"grant_type=password&username=ada&password={PASSWORD}&scope=all", 400, "invalid_scope"),
        (f"grant_type=password&username=ada&password={PASSWORD}&client_secret=x", 401, "invalid_client"),
        ("grant_type=password&username=ada", 400, "invalid_request"),
        ("grant_type=password&username=ada&password=", 400, "invalid_request"),
        ("grant_type=password&refresh_token=x", 400, "invalid_request"),
        ("grant_type=refresh_token&username=ada&password=x", 400, "invalid_request"),
        ("grant_type=password&grant_type=password&username=ada&password=x", 400, "invalid_request"),
        (f"username=eve&username=ada&password={PASSWORD}", 400, "invalid_request"),
        (f"username=ada&password={PASSWORD}&password=x", 400, "invalid_request"),
        (f"username=ada&password={'x' * 1025}", 400, "invalid_request"),
        (f"grant_type=refresh_token&refresh_token={'x' * 129}", 400, "invalid_request"),
        ("username=%ff&password=x", 400, "invalid_request"),
        ("username=%ed%a0%80&password=x", 400, "invalid_request"),
        ("&".join(f"p{number}=x" for number in range(21)), 400, "invalid_request"),
        ("", 400, "invalid_request"),
    ],
)
async def test_a_form_is_refused_as_the_rfc_has_it(
    people: People, make_user: MakeUser, database: Postgres, form: str, status: int, code: str
) -> None:
    """By JSON with its codes, which no cache stores, and the members of a problem beside; no session begins."""
    await make_user("ada")

    answer = await people["user"].post(TOKEN, content=form, headers=FORM)

    problem = answer.json()
    assert (answer.status_code, problem["error"], problem["code"], problem["status"]) == (status, code, code, status)
    assert problem["error_description"] == problem["detail"]
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("application/json", "no-store")
    assert await read(database, select(RefreshToken)) == []


async def test_what_a_client_sends_besides_is_ignored(people: People, make_user: MakeUser) -> None:
    """Its id, an empty secret or scope, and parameters of other specifications; the type is told by any spelling."""
    await make_user("ada")
    form = {**ADA, "grant_type": "password", "client_id": "app", "client_secret": "", "scope": "", "audience": "shop"}
    content_type = {"Content-Type": "Application/X-WWW-Form-Urlencoded; charset=UTF-8"}

    for name, header in (("app", "app:"), ("a+b", "a+b:"), ("a+b", "a%2Bb:"), ("app", ":")):
        sent = {**form, "client_id": name}
        answer = await people["user"].post(TOKEN, data=sent, headers=content_type | basic(header))
        assert (answer.status_code, answer.headers["pragma"]) == (200, "no-cache")


@pytest.mark.parametrize(
    ("header", "client_id", "status", "code"),
    [
        (basic("app:secret"), "app", 401, "invalid_client"),
        (basic(f"ada:{PASSWORD}"), "", 401, "invalid_client"),
        ({"Authorization": "Basic !"}, "", 401, "invalid_client"),
        ({"Authorization": "Basic /w=="}, "", 401, "invalid_client"),
        (basic("app:"), "other", 400, "invalid_request"),
    ],
)
async def test_a_client_with_a_secret_or_two_names_is_refused(
    people: People, header: dict[str, str], client_id: str, status: int, code: str
) -> None:
    """A secret cannot be checked, so it is not ignored; the refusal names the scheme (RFC 6749, 5.2)."""
    for path in (TOKEN, REVOKE):
        answer = await people["user"].post(path, data={**ADA, "token": "x", "client_id": client_id}, headers=header)

        assert (answer.status_code, answer.json()["error"]) == (status, code)
        assert ("www-authenticate" in answer.headers) == (status == 401)


async def test_json_keeps_its_own_errors(people: People, make_user: MakeUser) -> None:
    """A wrong password in JSON is a 401 problem; a grant type is no field of it."""
    await make_user("ada")

    wrong = await attempt(people, "ada", "wrong")
    typed = await people["user"].post(TOKEN, json={**ADA, "grant_type": "password"})

    assert (wrong.status_code, wrong.headers["content-type"]) == (401, "application/problem+json")
    assert "error" not in wrong.json()
    assert typed.status_code == 422


async def test_too_many_attempts_are_told_to_clients(people: People, make_user: MakeUser) -> None:
    """With a 429, the time to wait, and an error that clients raise instead of taking the answer for tokens."""
    await make_user("ada")
    for _ in range(5):
        await ask(people, username="ada", password="wrong")

    answer = await ask(people, **ADA)

    assert (answer.status_code, answer.json()["error"]) == (429, "too_many_attempts")
    assert int(answer.headers["retry-after"]) >= 1


async def test_a_form_refreshes_as_json_does(people: People, make_user: MakeUser, database: Postgres) -> None:
    """Ten at once, of both kinds, get one successor of the same session."""
    await make_user("ada")
    first = await log_in(people)
    json = {"refresh_token": first["refresh_token"]}

    both = [by_form(people, first), people["user"].post(f"{USERS}/refresh", json=json)]
    answers = await asyncio.gather(*both, *(by_form(people, first) for _ in range(8)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    assert len(await read(database, select(RefreshToken))) == 2


async def test_reuse_by_a_form_ends_the_session(people: People, make_user: MakeUser, database: Postgres) -> None:
    """A token that is used again after the grace has been stolen, and only its own session ends."""
    await make_user("ada")
    stolen, other = await log_in(people), await log_in(people)
    newest = (await by_form(people, stolen)).json()
    await change(database, update(RefreshToken).where(RefreshToken.used_at.is_not(None)).values(used_at=LONG_AGO))

    answer = await by_form(people, stolen)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert await read(database, select(UserSession.id).where(UserSession.revoked_because == "reuse"))
    assert await statuses(people, newest) == (401, 401)
    assert await statuses(people, other) == (200, 200)


def test_descriptions_are_as_the_rfc_allows() -> None:
    """Printable ASCII without double quotes and backslashes (RFC 6749, 5.2)."""
    messages = {kind.message for kind in _kinds(OurError)}

    assert len(messages) > 5
    assert {
        text for text in messages if not text.isascii() or not text.isprintable() or set(text) & set('"\\')
    } == set()


def _kinds(kind: type[AppError]) -> set[type[AppError]]:
    return {kind}.union(*(_kinds(one) for one in kind.__subclasses__()))
