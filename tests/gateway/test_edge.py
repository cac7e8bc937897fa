"""What reaches the gateway through the edge; this process, at 127.0.0.1, is the edge, whose headers are trusted."""

import httpx
import pytest

from cli.client import client
from tests.conftest import PASSWORD
from tests.support.aliases import MakeUser, People

LOGIN, SESSIONS = "/api/v1/users/login", "/api/v1/users/sessions"
HEADERS = [
    {"X-Forwarded-For": "203.0.113.9"},
    {"X-Forwarded-For": "198.51.100.1, 203.0.113.9"},
    {
        "X-Forwarded-For": "203.0.113.9",
        "X-Client-Address": "198.51.100.1",
        "Forwarded": "for=198.51.100.1",
        "X-Real-IP": "198.51.100.1",
    },
]
"""Headers of the edge, alone and with what a client has claimed."""


@pytest.mark.parametrize("claimed", HEADERS)
async def test_services_see_the_address_that_the_edge_has_seen(
    people: People, make_user: MakeUser, claimed: dict[str, str]
) -> None:
    """Behind a sealed request (a login) and a plain one (the dashboard's); the client cannot choose it."""
    await make_user("ada")
    await make_user("root", "admin")
    gateway = people["gateway"]
    ada = await gateway.post(LOGIN, data={"username": "ada", "password": PASSWORD}, headers=claimed)
    credentials = {"username": "root", "password": PASSWORD}
    root = await gateway.post("/dashboard/session", json=credentials, headers=claimed)

    for answer in (ada, root):
        listed = (await people["user"].get(SESSIONS, headers=bearer_of(answer))).json()["items"]
        assert [one["address"] for one in listed if one["address"]] == ["203.0.113.9"]


def bearer_of(answer: httpx.Response) -> dict[str, str]:
    """Return the header of a person who has logged in."""
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def test_what_a_program_has_sealed_passes_unopened(environment: dict[str, str], people: People) -> None:
    """The service opens it and seals the answer, as if the gateway were not there."""
    through = environment | {"USER_SERVICE_URL": environment["GATEWAY_SERVICE_URL"]}
    ada, bob = ({"username": name, "email": f"{name}@example.org", "password": PASSWORD} for name in ("ada", "bob"))
    async with client(through, peers={"user"}) as program:
        registered = await program.send("user", "POST", "/api/v1/users/register", json=ada)
        refused = await people["user"].post("/api/v1/users/register", json=bob)

    assert (registered.status, refused.status_code) == (201, 400)
    logged_in = await people["user"].post(LOGIN, data={"username": "ada", "password": PASSWORD})
    assert logged_in.status_code == 200


async def test_no_seal_opens_a_route_between_services(environment: dict[str, str], people: People) -> None:
    """It is sealed by a service that may call the route, and is answered there; the gateway has no such route."""
    path, name = "/api/v1/users/revocations", "product"
    async with client(environment, name, peers={"user"}) as service:
        direct = await service.send("user", "GET", path)
        envelope = {"X-Service-Communication": "encrypted", "X-Service-Name": name, "X-Key-Id": "k1"}
        through = await people["gateway"].get(path, headers={**envelope, "X-Encrypted-Data": "gAAA"})

    assert (direct.status, through.status_code) == (200, 404)
