import asyncio
import signal
from pathlib import Path
from time import monotonic

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from cli.dev.polling import eventually, wait_until
from cli.dev.ports import free_port
from tests.deploy.gunicorns import Gunicorn, gunicorn
from tests.support.aliases import Bearer
from tests.support.collector import collecting
from tests.support.plain import NO_AUTHORITIES

pytestmark = pytest.mark.long

STATS, EVENTS = "/api/v1/analytics/stats", "/api/v1/analytics/events"


async def test_a_draining_service_answers_and_says_that_it_wants_no_more(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """After SIGTERM /readyz is 503 at once; requests are served with `Connection: close`; the process ends later."""
    options = {"WEB_CONCURRENCY": "1", "DRAIN_SECONDS": "1", "LOG_LEVEL": "INFO", "ENCRYPTION_MODE": "permissive"}
    with gunicorn("analytics", free_port(), tmp_path / "log", **options) as replica:
        async with httpx.AsyncClient(base_url=replica.url) as client:
            before = await client.post(EVENTS, json={"type": "drain.test"})
            replica.terminate()
            terminated = monotonic()

            async def is_draining() -> bool:
                return (await client.get("/readyz")).status_code == 503

            assert await eventually(is_draining)
            ready = await client.get("/readyz")
            during = await client.post(EVENTS, json={"type": "drain.test"})

            assert await asyncio.to_thread(replica.wait) == 0
            assert monotonic() - terminated > 1

    assert (before.status_code, before.headers.get("connection")) == (201, None)
    assert (ready.status_code, ready.json()["draining"]) == (503, True)
    assert (during.status_code, during.headers["connection"]) == (201, "close")
    # The last lines of the log are written, in this order.
    log = replica.log.read_text()
    assert log.index("draining") < log.index("Shutting down") < log.index("stopping") < log.index("Finished server")


async def test_an_interrupt_ends_a_replica_in_good_order(environment: dict[str, str], tmp_path: Path) -> None:
    """The workers receive it as SIGQUIT: they end as after SIGTERM, and none must be killed."""
    with gunicorn("analytics", free_port(), tmp_path / "log", WEB_CONCURRENCY="1", LOG_LEVEL="INFO") as replica:
        assert replica.process
        replica.process.send_signal(signal.SIGINT)

        assert await asyncio.to_thread(replica.wait) == 0

    log = replica.log.read_text()
    assert log.index("Shutting down") < log.index("stopping") < log.index("Finished server")


async def test_who_watches_events_holds_nobody_up(environment: dict[str, str], tmp_path: Path, bearer: Bearer) -> None:
    """The stream ends cleanly when the service is stopped, and the service within seconds."""
    with gunicorn("analytics", free_port(), tmp_path / "log", WEB_CONCURRENCY="1", DRAIN_SECONDS="0") as replica:
        async with (
            httpx.AsyncClient(base_url=replica.url) as client,
            client.stream("GET", f"{EVENTS}/live", headers=bearer(role="admin")) as response,
        ):
            lines = response.aiter_lines()
            assert await anext(lines) == "event: open"
            replica.terminate()
            terminated = monotonic()
            rest = [line async for line in lines]

            assert await asyncio.to_thread(replica.wait) == 0
            assert monotonic() - terminated < 10

    assert rest == ["data: {}", ""]


async def test_the_last_spans_leave(environment: dict[str, str], tmp_path: Path) -> None:
    """Spans recorded before SIGTERM are exported, though no batch was due yet."""
    async with collecting() as collector:
        options = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.address, "OTEL_TRACES_SAMPLER_ARG": "1"}
        slow = {"OTEL_BSP_SCHEDULE_DELAY": "60000"}
        with gunicorn("analytics", free_port(), tmp_path / "log", WEB_CONCURRENCY="1", **options, **slow) as replica:
            async with httpx.AsyncClient(base_url=replica.url) as client:
                await client.get("/api/v1/analytics/stats")
            before = list(collector.spans)
            replica.terminate()
            assert await asyncio.to_thread(replica.wait) == 0

    assert before == []
    assert len(collector.named("GET /api/v1/analytics/stats")) == 1


def scraped(url: str, name: str, **labels: str) -> float:
    """Return the metrics of the service, over all workers."""
    families = text_string_to_metric_families(httpx.get(f"{url}/metrics", verify=NO_AUTHORITIES).text)
    samples = [one for family in families for one in family.samples if one.name == name]
    return sum(one.value for one in samples if labels.items() <= one.labels.items())


def requests_counted(url: str) -> float:
    """Return how many requests for /livez the service has counted."""
    return scraped(url, "http_requests_total", route="/livez")


def test_the_pools_of_all_workers_are_added_up(environment: dict[str, str], tmp_path: Path) -> None:
    """Each scrape counts the pools of both workers; those of killed workers are gone."""
    options = {"WEB_CONCURRENCY": "2", "DATABASE_POOL_SIZE": "3", "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "metrics")}
    with gunicorn("user", free_port(), tmp_path / "log", **options) as replica:
        before = both_are_up(replica)
        restart_workers(replica.process.pid if replica.process else 0, tmp_path / "metrics")

        assert before
        assert both_are_up(replica)


def both_are_up(replica: Gunicorn) -> bool:
    """Return whether six connections may be open soon, and never more."""
    sizes = list[float]()

    def are_six() -> bool:
        sizes.append(scraped(replica.url, "database_pool_size", database="postgres"))
        return sizes[-1] == 6

    return wait_until(are_six, within=30) and max(sizes) == 6


def test_all_workers_count_together_and_restarts_forget_nothing(environment: dict[str, str], tmp_path: Path) -> None:
    """Each scrape returns the sum of all workers; an ended worker's counts stay, and a new master starts from zero."""
    options = {"WEB_CONCURRENCY": "2", "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "metrics")}
    with gunicorn("analytics", free_port(), tmp_path / "log", **options) as replica:
        for _ in range(40):  # a connection each, so that both workers get some
            httpx.get(f"{replica.url}/livez", verify=NO_AUTHORITIES)
        first = [requests_counted(replica.url) for _ in range(6)]
        restart_workers(replica.process.pid if replica.process else 0, tmp_path / "metrics")
        for _ in range(10):
            httpx.get(f"{replica.url}/livez", verify=NO_AUTHORITIES)
        second = [requests_counted(replica.url) for _ in range(6)]
        files = sorted(file.name for file in (tmp_path / "metrics").glob("counter_*.db"))
        replica.terminate()
        replica.wait()
        replica.start()

        assert first == [40] * 6
        assert second == [50] * 6
        assert files[0] == "counter_0.db"
        assert len(files) <= 3  # one for each running worker, and one for all that have ended
        assert requests_counted(replica.url) == 0


def restart_workers(master: int, metrics: Path) -> None:
    """Kill the workers, and wait until their files are merged; others take their place."""
    old = psutil.Process(master).children()
    for worker in old:
        worker.kill()
    counted = [metrics / f"counter_{worker.pid}.db" for worker in old]
    assert wait_until(lambda: not any(file.exists() for file in counted), within=30)
