"""The exporter of spans; imported only where traces are exported, because the SDK is large."""

import logging
from collections.abc import Sequence

import structlog
from opentelemetry.exporter.otlp.proto.http import trace_exporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from chassis.core.outage import Outage

log = structlog.get_logger(__name__)


class QuietExporter(SpanExporter):
    """
    Exports spans, and logs one warning when the collector does not take them, and one when it does again.

    The library's exporter logs several lines for each batch, with its reasons; the first reason is kept.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._reason = ""
        self._outage = Outage(log, "traces are lost", "traces are exported again")
        logging.getLogger(trace_exporter.__name__).addFilter(self._keep)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export a batch."""
        self._reason = ""
        result = self._exporter.export(spans)
        if result is SpanExportResult.SUCCESS:
            self._outage.ended()
        else:
            self._outage.began(ConnectionError(self._reason or "the collector did not take them"))
        return result

    def shutdown(self) -> None:
        """Send nothing more."""
        self._exporter.shutdown()
        logging.getLogger(trace_exporter.__name__).removeFilter(self._keep)

    def _keep(self, record: logging.LogRecord) -> bool:
        self._reason = self._reason or record.getMessage()
        return False
