from typing import Any

import httpx
import pytest
import uvicorn

from chassis.app import create_app
from chassis.settings import Environment
from tests.chassis.tiny import TinySettings
from tests.support.serving import NoDatabase

ADDRESSES = {
    "127.0.0.1": 200,
    "127.8.9.10": 200,
    "[::1]": 200,
    "[::ffff:127.0.0.1]": 200,
    "192.0.2.7": 503,
    "[2001:db8::7]": 503,
    "[::ffff:192.0.2.7]": 503,
}
"""Addresses at which a request may arrive, and the status of a service without ENVIRONMENT."""


async def statuses(**settings: Any) -> dict[str, int]:  # noqa: ANN401 - passed on
    """The status of a probe at each address."""
    found = {}
    app = create_app(TinySettings(**settings), NoDatabase())
    for address in ADDRESSES:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{address}:8000") as client:
            answer = await client.get("/livez")
        found[address] = answer.status_code
        if answer.status_code != 200:
            assert answer.json()["code"] == "environment_not_set"
            assert "Set ENVIRONMENT=production" in answer.json()["detail"]
    return found


async def test_without_an_environment_only_this_machine_is_served() -> None:
    """Whatever the server listens at, a request from elsewhere is refused, and the problem names what to set."""
    assert await statuses() == ADDRESSES


@pytest.mark.parametrize("environment", Environment)
async def test_a_chosen_environment_serves_every_address(environment: Environment) -> None:
    """Development in containers listens at all addresses, too: it says ENVIRONMENT=local."""
    assert set((await statuses(environment=environment)).values()) == {200}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])  # noqa: S104 - it must not start
async def test_uvicorn_does_not_start_at_other_addresses_without_an_environment(
    host: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It ends with its code for a failed start-up before it listens, and logs what to set."""
    app = create_app(TinySettings(), NoDatabase())
    server = uvicorn.Server(uvicorn.Config(app, host=host, port=0, log_config=None))

    with pytest.raises(SystemExit) as ended:
        await server.serve()

    assert ended.value.code == 3
    assert "Set ENVIRONMENT=production" in caplog.text
    assert "Traceback" not in caplog.text
