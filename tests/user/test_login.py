import jwt
import pytest

from chassis.dispatch.dispatcher import Dispatcher
from tests.aliases import MakeUser, People

LOGIN = "/api/v1/users/login"
PASSWORD = "correct horse battery"


@pytest.mark.parametrize("name", ["ada", "ADA", "ada@example.org", "ａｄａ"])  # noqa: RUF001 - full-width, on purpose
async def test_login_takes_every_spelling_of_a_name(people: People, make_user: MakeUser, name: str) -> None:
    """The account is found by name or address, whatever the case or width of the letters."""
    await make_user("ada")

    response = await people["user"].post(LOGIN, json={"username": name, "password": PASSWORD})

    assert response.status_code == 200


async def test_login_takes_a_form_as_oauth2_clients_send_it(people: People, make_user: MakeUser) -> None:
    """A form with grant_type and scope works, and an empty Basic header beside it is ignored."""
    await make_user("ada")
    form = {"grant_type": "password", "scope": "", "username": "ada", "password": PASSWORD}

    response = await people["user"].post(LOGIN, data=form, headers={"Authorization": "Basic Og=="})

    token = response.json()
    assert response.status_code == 200
    assert (token["token_type"], token["expires_in"]) == ("bearer", 900)


async def test_login_works_sealed(sealed: Dispatcher, make_user: MakeUser) -> None:
    """A program may log in with a sealed request and gets a sealed answer."""
    await make_user("ada")

    token = await sealed.post("user", LOGIN, json={"username": "ada", "password": PASSWORD})

    assert token["access_token"]


async def test_login_does_not_say_what_was_wrong(people: People, make_user: MakeUser) -> None:
    """An unknown name and a wrong password are answered alike."""
    await make_user("ada")

    wrong = await people["user"].post(LOGIN, json={"username": "ada", "password": "wrong password"})
    unknown = await people["user"].post(LOGIN, json={"username": "eve", "password": PASSWORD})

    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() | {"request_id": ""} == unknown.json() | {"request_id": ""}


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{", "application/json", 422),
        (b'{"username": "ada"}', "application/json", 422),
        (b'{"username": "ada", "password": NaN}', "application/json", 422),
        (b'{"username": "a\\u0000", "password": "x"}', "application/json", 422),
        (b'{"username": "\xff", "password": "x"}', "application/json", 422),
        (b"username=a%00&password=x", "application/x-www-form-urlencoded", 400),
        (b"username=ada", "application/x-www-form-urlencoded", 422),
        (b"", "application/json", 422),
    ],
)
async def test_login_refuses_malformed_bodies(people: People, content: bytes, content_type: str, status: int) -> None:
    """Whatever is wrong with the body, it is a problem document with a 4xx."""
    response = await people["user"].post(LOGIN, content=content, headers={"Content-Type": content_type})

    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


async def test_an_outsider_can_check_our_tokens(people: People, make_user: MakeUser) -> None:
    """PyJWT accepts an access token with nothing but our published keys."""
    user = await make_user("ada")
    token = (await people["user"].post(LOGIN, json={"username": "ada", "password": PASSWORD})).json()["access_token"]
    keys = jwt.PyJWKSet.from_dict((await people["user"].get("/.well-known/jwks.json")).json())

    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["ES256"], audience="sealed-services", issuer="user")

    assert claims["sub"] == str(user.id)
    assert claims["exp"] - claims["iat"] == 900
