import asyncio
from pathlib import Path

from chaos.scenarios.attack.attacks import ATTACKS, attack
from chaos.scenarios.attack.scenario import Bystander
from chaos.scenarios.attack.target import configuration
from tests.chassis.tiny import serve_tiny


async def test_who_is_not_answered_is_noticed() -> None:
    """A bystander's wrong answer is reported, with the latency of all requests."""
    async with serve_tiny() as tiny:
        port = tiny.client.base_url.port
        assert port
        latencies = await Bystander(port, "token", None).use(0)
        async with asyncio.timeout(10):
            while not latencies.failed:
                latencies = await Bystander(port, "token", None).use(0.01)

    assert latencies.failed == ["HTTP/1.1 404 Not Fou"] * len(latencies.all_ms)
    assert 0 < latencies.usual_ms <= latencies.worst_ms


async def test_attacks_end_in_time_and_leave_the_service_as_it_was() -> None:
    """All attacks run at once: no error escapes on either side, and the service still answers afterwards."""
    async with serve_tiny(log_level="ERROR") as tiny:
        port = tiny.client.base_url.port
        assert port
        async with asyncio.timeout(30):
            await asyncio.gather(*(attack(name, port, 0.5, None) for name in ATTACKS))
        assert (await tiny.client.get("/livez")).status_code == 200


def test_the_edge_is_the_one_that_is_delivered(tmp_path: Path) -> None:
    """Only paths and names differ, and other services have no address: attacks reach the user service only."""
    text = configuration(tmp_path, 4711, 4712)

    assert "listen 127.0.0.1:4711 ssl http2;" in text
    assert "~^/api/v1/users(/|$) 127.0.0.1:4712;" in text
    assert "limit_conn clients_at_once" in text
    assert "/run/secrets" not in text
