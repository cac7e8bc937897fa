import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from chassis.core.lifecycle import Draining
from chassis.web import health
from tests.chassis.tiny import Tiny, serve_tiny
from tests.support.having import having


@pytest.fixture(scope="module")
async def tiny() -> AsyncIterator[Tiny]:
    """A healthy service."""
    async with serve_tiny() as service:
        yield service


@pytest.fixture
def draining(tiny: Tiny) -> Iterator[None]:
    """A service that is draining."""
    with having(tiny.app, draining=Draining(has_begun=True)):
        yield


async def fail() -> None:
    """Fail with a secret in the message."""
    raise OSError("xyzzy")


async def hang() -> None:
    """Never return."""
    await asyncio.Event().wait()


async def statuses(tiny: Tiny) -> dict[str, int]:
    """Return the status of each probe."""
    return {path: (await tiny.client.get(path)).status_code for path in ("/livez", "/readyz", "/health")}


async def test_a_service_that_is_well_says_so(tiny: Tiny) -> None:
    """All probes are 200, and readiness lists its checks."""
    ready = (await tiny.client.get("/readyz")).json()

    assert ready == {"status": "ready", "draining": False, "checks": {"nothing": "up", "clock": "up"}}
    assert await statuses(tiny) == {"/livez": 200, "/readyz": 200, "/health": 200}


async def test_a_draining_service_is_alive_but_not_ready(tiny: Tiny, draining: None) -> None:
    """A draining service is not ready, so it gets no new requests, and is alive, so it is not killed."""
    assert await statuses(tiny) == {"/livez": 200, "/readyz": 503, "/health": 503}
    assert (await tiny.client.get("/readyz")).json()["draining"] is True


async def test_a_dependency_that_fails_is_named(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readiness names the check that fails, without the message of its error."""
    monkeypatch.setitem(tiny.app.state.application.checks, "broken", fail)

    response = await tiny.client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"] == {"nothing": "up", "broken": "down (OSError)", "clock": "up"}
    assert (await tiny.client.get("/livez")).status_code == 200


async def test_a_check_that_hangs_is_down_in_time(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dependency that does not answer does not delay the probe; checks run concurrently."""
    monkeypatch.setattr(health, "CHECK_TIMEOUT_S", 0.1)
    for name in ("stuck", *map(str, range(99))):
        monkeypatch.setitem(tiny.app.state.application.checks, name, hang)

    async with asyncio.timeout(5):  # in sequence they would take ten
        response = await tiny.client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"]["stuck"] == "down (TimeoutError)"
    assert response.json()["checks"]["nothing"] == "up"


async def test_health_says_which_service_this_is(tiny: Tiny) -> None:
    """The summary for people has the name and the environment."""
    summary = (await tiny.client.get("/health")).json()

    assert (summary["service"], summary["environment"], summary["status"]) == ("tiny", "local", "healthy")
