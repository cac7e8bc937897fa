"""Two versions of an API side by side, the older one deprecated."""

from collections.abc import AsyncIterator
from datetime import date

import pytest

from chassis.core.errors import NotFound
from chassis.sealing.access import public
from chassis.web.deprecation import Deprecation
from chassis.web.routing import service_router
from tests.chassis.tiny import Tiny, serve_tiny

HEADERS = {"deprecation": "@1793491200", "sunset": "Sat, 01 May 2027 00:00:00 GMT"}

first = service_router("things", deprecation=Deprecation(since=date(2026, 11, 1), sunset=date(2027, 5, 1)))
second = service_router("things", version=2)


@first.get("/{name}", access=public())
async def read_thing(name: str) -> list[str]:
    """Return a thing, unless it is gone."""
    if name == "gone":
        raise NotFound
    return [name]


def declare_second() -> None:
    """Declare the second version, whose function has the same name as that of the first."""

    @second.get("/{name}", access=public())
    async def read_thing(name: str) -> dict[str, str]:
        """Return a thing."""
        return {"name": name}


declare_second()


@pytest.fixture(scope="module")
async def tiny() -> AsyncIterator[Tiny]:
    """A service with both versions."""
    async with serve_tiny(first, second) as service:
        yield service


async def test_both_versions_answer(tiny: Tiny) -> None:
    """Each version has its own address and answer."""
    answers = [(await tiny.client.get(f"/api/v{version}/things/tea")).json() for version in (1, 2)]

    assert answers == [["tea"], {"name": "tea"}]


@pytest.mark.parametrize(("name", "status"), [("tea", 200), ("gone", 404)])
async def test_a_deprecated_route_announces_its_end(tiny: Tiny, name: str, status: int) -> None:
    """Every answer of the deprecated version, errors included, has both dates; those of the current one have none."""
    old, new = [await tiny.client.get(f"/api/v{version}/things/{name}") for version in (1, 2)]

    assert old.status_code == status
    assert {header: old.headers[header] for header in HEADERS} == HEADERS
    assert not HEADERS.keys() & new.headers.keys()


async def test_both_versions_are_documented(tiny: Tiny) -> None:
    """OpenAPI has both, with distinct operation ids; the old one is marked and says when it ends."""
    paths = (await tiny.client.get("/openapi.json")).json()["paths"]

    old, new = (paths[f"/api/v{version}/things/{{name}}"]["get"] for version in (1, 2))
    assert (old["operationId"], new["operationId"]) == ("read_thing", "read_thing_v2")
    assert (old["deprecated"], new.get("deprecated")) == (True, None)
    assert "Deprecated since 2026-11-01; may be removed on 2027-05-01." in old["description"]


async def test_calls_of_the_old_version_are_counted(tiny: Tiny) -> None:
    """A metric counts the requests to a deprecated route by caller; plain requests have no name."""
    line = 'http_deprecated_requests_total{caller="-",method="GET",route="/api/v1/things/{name}"}'

    async def counted() -> float:
        text = (await tiny.client.get("/metrics")).text
        return sum(float(one.removeprefix(line)) for one in text.splitlines() if one.startswith(line))

    before = await counted()
    for version in (1, 2, 1):
        await tiny.client.get(f"/api/v{version}/things/tea")

    assert await counted() == before + 2


def test_a_route_cannot_end_before_it_is_deprecated() -> None:
    """Dates in the wrong order are refused where they are written."""
    with pytest.raises(ValueError, match="must not end before"):
        Deprecation(since=date(2027, 1, 1), sunset=date(2026, 1, 1))
