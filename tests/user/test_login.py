from typing import Any

import jwt
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from chassis.core.project import NAME
from chassis.dispatch.dispatcher import Dispatcher
from chassis.postgres.database import Postgres
from tests.support.aliases import Bearer, MakeUser, People
from tests.user.logins import PASSWORD, USERS, attempt, change, log_in, read
from user.audit import AuditKind
from user.models import AuditEntry, User

LOGIN = f"{USERS}/login"
ADA = {"username": "ada", "password": PASSWORD}


@pytest.mark.parametrize("name", ["ada", "ADA", "ada@example.org", "ａｄａ"])  # noqa: RUF001 - full-width, on purpose
async def test_login_takes_every_spelling_of_a_name(people: People, make_user: MakeUser, name: str) -> None:
    """The account is found by name or address, whatever the case or width of the letters."""
    await make_user("ada")

    response = await people["user"].post(LOGIN, json={"username": name, "password": PASSWORD})

    assert response.status_code == 200


@pytest.mark.parametrize("body", [{"json": ADA}, {"data": ADA}], ids=["json", "form"])
async def test_login_answers_as_oauth2_has_it(people: People, make_user: MakeUser, body: dict[str, Any]) -> None:
    """JSON and form get the same: both tokens, type and lifetime; caches must not store them (RFC 6749, 5.1)."""
    await make_user("ada")

    response = await people["user"].post(LOGIN, **body)

    tokens = response.json()
    assert tokens.keys() == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("bearer", 900)
    assert response.headers["cache-control"] == "no-store"


async def test_login_takes_a_form_as_oauth2_clients_send_it(people: People, make_user: MakeUser) -> None:
    """A form with grant_type and scope works, and an empty Basic header beside it is ignored."""
    await make_user("ada")
    form = {"grant_type": "password", "scope": "", "username": "ada", "password": PASSWORD}

    response = await people["user"].post(LOGIN, data=form, headers={"Authorization": "Basic Og=="})

    assert response.status_code == 200


async def test_login_works_sealed(sealed: Dispatcher, make_user: MakeUser) -> None:
    """A program may log in with a sealed request and gets a sealed answer."""
    await make_user("ada")

    token = (await sealed.send("user", "POST", LOGIN, json={"username": "ada", "password": PASSWORD})).json()

    assert token["access_token"]


async def test_login_does_not_say_what_was_wrong(
    people: People, make_user: MakeUser, bearer: Bearer, database: Postgres
) -> None:
    """A wrong password, an unknown name, a deactivated and a deleted account get the same answer."""
    admin, gone = await make_user("admin", role="admin"), await make_user("gone")
    for name in ("ada", "off"):
        await make_user(name)
    await change(database, update(User).where(User.username == "off").values(is_active=False))
    await people["user"].delete(f"{USERS}/{gone.id}", headers=bearer(admin))

    answers = [await attempt(people, "ada", "wrong password"), *[await attempt(people, one) for one in ("eve", "off")]]
    answers += [await attempt(people, one) for one in ("gone", gone.email, f"deleted-{gone.id}")]

    assert {answer.status_code for answer in answers} == {401}
    first, *others = [answer.json() | {"request_id": ""} for answer in answers]
    assert others == [first] * 5


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{", "application/json", 422),
        (b'{"username": "ada"}', "application/json", 422),
        (b'{"username": "ada", "password": NaN}', "application/json", 422),
        (b'{"username": "a\\u0000", "password": "x"}', "application/json", 422),
        (b'{"username": "\xff", "password": "x"}', "application/json", 422),
        (b"username=a%00&password=x", "application/x-www-form-urlencoded", 400),
        (b'{"username": "\\ud800", "password": "x"}', "application/json", 422),
        (b"", "application/json", 422),
    ],
)
async def test_login_refuses_malformed_bodies(people: People, content: bytes, content_type: str, status: int) -> None:
    """Every invalid body gets a problem document with a 4xx."""
    response = await people["user"].post(LOGIN, content=content, headers={"Content-Type": content_type})

    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


async def test_an_outsider_can_check_our_tokens(
    people: People, make_user: MakeUser, environment: dict[str, str]
) -> None:
    """PyJWT verifies an access token with our published keys only; caches may keep those for 30 s."""
    user = await make_user("ada")
    token = (await people["user"].post(LOGIN, json={"username": "ada", "password": PASSWORD})).json()["access_token"]
    published = await people["user"].get("/.well-known/jwks.json")
    keys = jwt.PyJWKSet.from_dict(published.json())

    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["ES256"], audience=NAME, issuer=environment["JWT_ISSUER"])

    assert published.headers["cache-control"] == "public, max-age=30"
    assert claims.keys() == {"iss", "aud", "sub", "iat", "exp", "jti", "sid", "roles"}
    assert (claims["sub"], claims["roles"]) == (str(user.id), ["user"])
    assert claims["exp"] - claims["iat"] == 900


async def test_each_login_is_a_session_of_its_own(people: People, make_user: MakeUser) -> None:
    """Two logins share neither session, token id nor refresh token."""
    await make_user("ada")

    one, other = await log_in(people), await log_in(people)

    first, second = (jwt.decode(tokens["access_token"], options={"verify_signature": False}) for tokens in (one, other))
    assert first["sid"] != second["sid"]
    assert first["jti"] != second["jti"]
    assert one["refresh_token"] != other["refresh_token"]


async def test_logins_are_in_the_audit_log(people: People, make_user: MakeUser, database: Postgres) -> None:
    """The log has successful and failed logins with their origin; unknown names are not stored."""
    ada = await make_user("ada")

    await attempt(people, "ada")
    await attempt(people, "ada", "wrong password")
    await attempt(people, "eve")

    entries = await read(database, select(AuditEntry).order_by(AuditEntry.id))
    assert [(entry.kind, entry.user_id, entry.actor_id) for entry in entries] == [
        (AuditKind.LOGGED_IN, ada.id, ada.id),
        (AuditKind.LOGIN_FAILED, ada.id, None),
        (AuditKind.LOGIN_FAILED, None, None),
    ]
    assert {(entry.address, str(entry.details)) for entry in entries} == {("127.0.0.1", "{}")}


async def test_the_button_in_the_documentation_logs_in(
    apps: dict[str, FastAPI], people: People, make_user: MakeUser
) -> None:
    """Swagger's Authorize sends a form to the address in the description of each service."""
    await make_user("ada")
    form = {"grant_type": "password", "username": "ada", "password": PASSWORD}
    for name, app in apps.items():
        url = app.openapi()["components"]["securitySchemes"]["Login"]["flows"]["password"]["tokenUrl"]

        answer = await people["user"].post(url, data=form)

        assert (name, answer.status_code, answer.json().get("token_type")) == (name, 200, "bearer")
