import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from chassis.core.types import new_id
from cli.dev.polling import eventually
from cli.dev.ports import free_port
from cli.services import FRONT
from tests.deploy.gunicorns import Gunicorn, gunicorn

pytestmark = pytest.mark.long

EVENTS, STATS = "/api/v1/analytics/events", "/api/v1/analytics/stats"


class Balancer:
    """Sends each event once, to the next ready replica; polls /readyz every 50 ms, as a probe does."""

    def __init__(self, replicas: list[Gunicorn], write_key: str) -> None:
        self._write_key = write_key
        self._replicas = replicas
        self._ready = [replica.url for replica in replicas]
        self._turn = 0
        self._client = httpx.AsyncClient(timeout=10)
        self.outcomes: Counter[str] = Counter()

    async def post(self, kind: str) -> None:
        """Send an unrepeatable request, and count the outcome."""
        self._turn += 1
        url = self._ready[self._turn % len(self._ready)] + EVENTS
        try:
            answer = await self._client.post(
                url, json={"type": kind}, headers={"Authorization": f"Bearer {self._write_key}"}
            )
            self.outcomes[str(answer.status_code)] += 1
        except httpx.HTTPError as error:
            self.outcomes[type(error).__name__] += 1

    async def probe(self) -> None:
        """Poll the readiness of the replicas."""
        while True:
            states = await asyncio.gather(*(asyncio.to_thread(replica.is_ready) for replica in self._replicas))
            self._ready = [one.url for one, ready in zip(self._replicas, states, strict=True) if ready] or self._ready
            await asyncio.sleep(0.05)

    async def serves(self, more: int = 20) -> bool:
        """Return whether this many more requests are answered in time."""
        enough = self.outcomes.total() + more

        async def are_answered() -> bool:
            return self.outcomes.total() >= enough

        return await eventually(are_answered)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def load(self, kind: str) -> None:
        """Send requests without a pause."""
        while True:
            await self.post(kind)
            await asyncio.sleep(0.01)


@asynccontextmanager
async def under_load(replicas: list[Gunicorn], write_key: str, kind: str) -> AsyncIterator[Balancer]:
    """Run four clients during the block."""
    balancer = Balancer(replicas, write_key)
    probe = asyncio.create_task(balancer.probe())
    clients = [asyncio.create_task(balancer.load(kind)) for _ in range(4)]
    yield balancer
    for task in (*clients, probe):
        task.cancel()
    await asyncio.gather(*clients, probe, return_exceptions=True)
    await balancer.aclose()


@pytest.mark.parametrize("service", ["analytics", *([FRONT.name] if FRONT else [])])
async def test_a_rolling_restart_under_load_fails_no_request(write_key: str, tmp_path: Path, service: str) -> None:
    """
    Every replica is replaced while clients send unrepeatable requests: all are answered, and each counts once.

    It is a replica of the service that takes them, or of the one that fronts it.
    """
    kind = f"rolling.{new_id().hex[-8:]}"
    options = {"WEB_CONCURRENCY": "1", "DRAIN_SECONDS": "0.5"}
    with ExitStack() as stack:
        replicas = [
            stack.enter_context(gunicorn(service, free_port(), tmp_path / f"{number}.log", **options))
            for number in range(2)
        ]
        async with under_load(replicas, write_key, kind) as balancer:
            for replica in replicas:
                assert await balancer.serves()
                replica.terminate()
                assert await asyncio.to_thread(replica.wait) == 0
                await asyncio.to_thread(replica.start)
            assert await balancer.serves()
        assert set(balancer.outcomes) == {"201"}, (balancer.outcomes, replicas[0].log.read_text()[-3000:])

        async def is_counted() -> bool:
            stats = (await asyncio.to_thread(httpx.get, f"{replicas[0].url}{STATS}")).json()
            # Requests cancelled at the end may have arrived.
            return bool(0 <= stats["by_type"].get(kind, 0) - balancer.outcomes["201"] <= 4)

        assert await eventually(is_counted)
