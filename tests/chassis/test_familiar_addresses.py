"""Addresses that people who come from similar projects try: a slash at the end, a health check, diagnostics."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from chassis.mongodb.database import MongoDB
from chassis.postgres.database import Postgres
from chassis.sealing.access import public
from chassis.settings import Environment
from chassis.web.routing import service_router
from tests.chassis.tiny import Tiny, serve_tiny

DATABASES = {"postgres": "USER_DATABASE_URL", "mongodb": "ANALYTICS_MONGODB_URL"}
router = service_router("things")


@router.get("", access=public())
async def list_things() -> list[int]:
    """Return no things."""
    return []


@router.get("/{name}", access=public())
async def read_thing(name: str) -> str:
    """Return the name."""
    return name


@pytest.fixture(scope="module")
async def tiny() -> AsyncIterator[Tiny]:
    """A service with two routes."""
    async with serve_tiny(router, cursor_key=SecretStr("xyzzy-plugh-4711")) as service:
        yield service


@pytest.mark.parametrize(
    ("method", "address", "location"),
    [
        ("GET", "/api/v1/things/", "/api/v1/things"),
        ("POST", "/api/v1/things/?limit=2&q=%2F", "/api/v1/things?limit=2&q=%2F"),
        ("GET", "/api/v1/things/a%2520b//", "/api/v1/things/a%2520b"),
        ("HEAD", "/readyz/", "/readyz"),
    ],
)
async def test_a_slash_at_the_end_is_redirected(tiny: Tiny, method: str, address: str, location: str) -> None:
    """It is a 308 to the same address without it, relative, whatever Host the client sends."""
    response = await tiny.client.request(method, address, headers={"Host": "evil.example.org"})

    assert (response.status_code, response.headers["Location"]) == (308, location)


@pytest.mark.parametrize("address", ["/api/v1/nothing/", "//evil.example.org/", "/api/v1/things/a/b/"])
async def test_an_address_without_a_route_is_not_found(tiny: Tiny, address: str) -> None:
    """A slash at the end of an unknown address is a 404, and leads nowhere."""
    response = await tiny.client.get(f"{str(tiny.client.base_url).rstrip('/')}{address}")

    assert response.status_code == 404
    assert response.json()["code"] == "not_found"


async def test_the_health_check_of_templates_is_there(tiny: Tiny) -> None:
    """It answers that the process lives."""
    assert (await tiny.client.get("/api/v1/utils/health-check")).json() == {"status": True}


async def test_diagnostics_show_versions_and_settings_but_no_secret(tiny: Tiny) -> None:
    """In development the service describes its process; secrets are hidden."""
    response = await tiny.client.get("/api/v1/private/diagnostics/server")

    server = response.json()
    assert (server["service"], server["settings"]["MAX_BODY_BYTES"]) == ("tiny", 1024)
    assert server["settings"]["CURSOR_KEY"] == "**********"
    assert server["versions"]["fastapi"]
    assert "xyzzy" not in response.text


@pytest.mark.parametrize("kind", ["postgres", "mongodb"])
async def test_diagnostics_show_the_database(kind: str, environment: dict[str, str]) -> None:
    """Kind, version and pool of the database are shown, but no address."""
    addresses = {kind: SecretStr(environment[name]) for kind, name in DATABASES.items()}
    store = (Postgres if kind == "postgres" else MongoDB)(addresses[kind], "tiny")
    async with serve_tiny(store=store) as service:
        response = await service.client.get("/api/v1/private/diagnostics/database")

    found = response.json()
    assert found["kind"] == kind
    assert found["version"][0].isdigit()
    assert found["pool"]["size"] > 0
    assert "://" not in response.text


@pytest.mark.parametrize("environment", [Environment.STAGING, Environment.PRODUCTION])
async def test_diagnostics_are_for_development_only(environment: Environment) -> None:
    """Elsewhere they do not exist."""
    async with serve_tiny(environment=environment) as service:
        statuses = {
            (await service.client.get(f"/api/v1/private/diagnostics/{one}")).status_code
            for one in ("server", "database")
        }

    assert statuses == {404}
