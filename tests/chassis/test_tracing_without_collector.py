import logging
import subprocess
import sys
from collections.abc import Sequence

import pytest
from opentelemetry.exporter.otlp.proto.http import trace_exporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from structlog.testing import capture_logs

from chassis.telemetry.exporter import QuietExporter
from cli.dev.files import ROOT
from tests.chassis.tiny import serve_tiny
from tests.chassis.tracing_tiny import SAMPLED, THINGS, UNSAMPLED, router


async def test_a_collector_that_is_away_is_one_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many batches are lost, the log has one line with the reason, and one when the collector is back."""
    taken = iter([SpanExportResult.FAILURE, SpanExportResult.FAILURE, SpanExportResult.SUCCESS])
    library = logging.getLogger(trace_exporter.__name__)

    monkeypatch.setattr(library, "filters", [])  # of services that other tests have ended, but not waited for

    class Away(SpanExporter):
        """Logs as the library does."""

        def export(self, _spans: Sequence[ReadableSpan]) -> SpanExportResult:
            """Fail, or succeed."""
            library.warning("no route to host")
            library.error("gave up")
            return next(taken)

    exporter = QuietExporter(Away())
    with capture_logs() as lines:
        for _ in range(3):
            exporter.export([])
    exporter.shutdown()

    lost, again = lines
    assert (lost["event"], lost["reason"]) == ("traces are lost", "no route to host")
    assert again["event"] == "traces are exported again"


@pytest.mark.parametrize(("share", "passed_on"), [(1.0, SAMPLED), (0.0, UNSAMPLED)])
async def test_without_an_endpoint_the_wish_is_not_passed_on_as_an_order(share: float, passed_on: str) -> None:
    """Without an endpoint nothing is recorded, and the next service, our peer, gets the flag that we decided."""
    async with serve_tiny(router, otel_traces_sampler_arg=share) as tiny:
        answer = await tiny.client.get(f"{THINGS}/traceparent", headers={"traceparent": SAMPLED})

    assert answer.json() == passed_on


RUN = """
import asyncio, sys
from tests.chassis.tiny import serve_tiny

async def run():
    async with serve_tiny() as tiny:
        assert (await tiny.client.get("/livez")).status_code == 200

asyncio.run(run())
print([name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter", "sentry_sdk"))])
"""


@pytest.mark.long
def test_without_configuration_no_sdk_is_imported() -> None:
    """A service without an endpoint or a DSN imports neither OpenTelemetry's nor Sentry's SDK."""
    result = subprocess.run([sys.executable, "-c", RUN], cwd=ROOT, capture_output=True, text=True, check=True)

    assert result.stdout.splitlines()[-1] == "[]"
