"""
Traces: the cost of a request in every service that worked for it, by OpenTelemetry.

They are exported to ``OTEL_EXPORTER_OTLP_ENDPOINT``; without it every function here returns at once, and the
SDK is not imported. FastAPI's own telemetry starts a span before a sealed request is opened, without knowing its trace.

A span has routes, statements, services and types of errors; never a path, a query, a value or an error's text.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from threading import Thread
from time import monotonic, time_ns
from typing import TYPE_CHECKING

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.re import parse_env_headers
from opentelemetry.util.types import Attributes
from starlette.types import Scope

from chassis.core import context as request_context
from chassis.core.context import RequestContext
from chassis.settings import ServiceSettings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

FLUSH_S = 2.0
"""How long the shutdown waits for the last spans to be sent, seconds."""
EXPORT_TIMEOUT_S = 5.0
_SERVER_ERROR = 500

_tracer: Tracer | None = None
_propagator = TraceContextTextMapPropagator()


@asynccontextmanager
async def exporting(settings: ServiceSettings) -> AsyncIterator[None]:
    """Record and export for the block, if configured; enter it in the process that serves."""
    global _tracer  # noqa: PLW0603 - like logging, there is one per process
    if settings.otel_exporter_otlp_endpoint is None:
        yield
        return
    provider = _make_provider(settings)
    _tracer = provider.get_tracer("chassis")
    try:
        yield
    finally:
        _tracer = None
        # A daemon thread: the exporter may try for longer than the shutdown may take.
        flush = Thread(target=provider.shutdown, daemon=True)
        flush.start()
        await asyncio.to_thread(flush.join, FLUSH_S)


def is_on() -> bool:
    """Whether spans are recorded in this process."""
    return _tracer is not None


def begin_request(scope: Scope) -> None:
    """Begin the span of the request being served, once its route and trace are known; ``end_request`` ends it."""
    context = request_context.current()
    if _tracer is None or context is None:
        return
    method, route = scope["method"], scope["route"].path_format
    parent = _parent(context.traceparent)
    attributes = {"http.request.method": method, "http.route": route, "request.id": context.request_id}
    begun = _wall_clock(context.started)
    context.span = _tracer.start_span(f"{method} {route}", parent, SpanKind.SERVER, attributes, start_time=begun)
    context.traceparent = _traceparent(context.span)
    contexts.attach(trace.set_span_in_context(context.span, parent))


def end_request(context: RequestContext, status: int = 0) -> None:
    """End the span of a request, if it has an open one; without a status it had no answer."""
    span, context.span = context.span, None
    if span is None:
        return
    if status:
        span.set_attribute("http.response.status_code", status)
    if not status or status >= _SERVER_ERROR:
        span.set_status(StatusCode.ERROR)
    span.end()


@contextmanager
def calling(service: str, method: str, attempt: int) -> Iterator[dict[str, str]]:
    """Record the block as an attempt to call a service; yields the headers that continue the trace there."""
    around = trace.get_current_span()
    if _tracer is None or not around.is_recording():
        yield _passed_on(around)
        return
    attributes: Attributes = {"http.request.method": method, "server.address": service, "attempt": attempt}
    with _within(_tracer, f"{method} {service}", SpanKind.CLIENT, attributes) as span:
        yield {"traceparent": _traceparent(span)}


def _passed_on(around: Span) -> dict[str, str]:
    """Return the headers of an unrecorded request, so that the called service does not start a trace of its own."""
    if around.get_span_context().is_valid:
        return {"traceparent": _traceparent(around)}
    context = request_context.current()
    return {"traceparent": context.traceparent} if context and context.traceparent else {}


@contextmanager
def unrecorded() -> Iterator[None]:
    """Record no statement of the block: they are alike, and many."""
    around = contexts.attach(trace.set_span_in_context(trace.INVALID_SPAN))
    try:
        yield
    finally:
        contexts.detach(around)


@contextmanager
def resolving(field: str) -> Iterator[None]:
    """Record the block as the work for *field*, one of those that a GraphQL operation asks for."""
    if _tracer is None or not trace.get_current_span().is_recording():
        yield
        return
    with _within(_tracer, f"resolve {field}", SpanKind.INTERNAL, {"graphql.field.name": field}):
        yield


@contextmanager
def delivering(listener: str, count: int) -> Iterator[None]:
    """Record the block as a trace of its own: the delivery of a batch of events, caused by many requests."""
    if _tracer is None:
        yield
        return
    attributes: Attributes = {"messaging.destination.name": listener, "messaging.batch.message_count": count}
    with _within(_tracer, f"deliver {listener}", SpanKind.PRODUCER, attributes):
        yield


def consume(event_type: str, outcome: str, traceparent: str | None) -> None:
    """
    Record the outcome of an event in the trace of the request that caused it.

    The span begins when the batch arrived, and is linked with the batch.
    """
    context = request_context.current()
    if _tracer is None or context is None or traceparent is None:
        return
    batch = trace.get_current_span()
    _tracer.start_span(
        f"hear {event_type}",
        _parent(traceparent),
        SpanKind.CONSUMER,
        {"messaging.message.type": event_type, "outcome": outcome},
        [Link(batch.get_span_context())] if batch.is_recording() else (),
        _wall_clock(context.started),
    ).end()


def begin_statement(name: str, system: str, text: str | None = None) -> Span | None:
    """
    Begin the span of a database statement if its request is recorded; returns None otherwise.

    Args:
        text: The statement without values, which are parameters.
    """
    if _tracer is None or not trace.get_current_span().is_recording():
        return None
    attributes = {"db.system.name": system} | ({"db.query.text": text} if text else {})
    return _tracer.start_span(name, None, SpanKind.CLIENT, attributes)


def end_statement(span: Span | None, error_type: str | None = None) -> None:
    """End it; *error_type* is the type of its error, whose text may quote a row."""
    if span:
        if error_type:
            _fail(span, error_type)
        span.end()


@contextmanager
def _within(tracer: Tracer, name: str, kind: SpanKind, attributes: Attributes) -> Iterator[Span]:
    span = tracer.start_span(name, None, kind, attributes)
    # Not automatically: that would record the error's text.
    with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield span
        except BaseException as error:
            _fail(span, type(error).__name__)
            raise


def _fail(span: Span, error_type: str) -> None:
    span.set_attribute("error.type", error_type)
    span.set_status(StatusCode.ERROR)


def _parent(traceparent: str | None) -> Context:
    return _propagator.extract({"traceparent": traceparent}) if traceparent else Context()


def _traceparent(span: Span) -> str:
    carrier: dict[str, str] = {}
    _propagator.inject(carrier, trace.set_span_in_context(span))
    return carrier["traceparent"]


def _wall_clock(started: float) -> int:
    """Return an instant of the monotonic clock as nanoseconds since 1970."""
    return time_ns() - int((monotonic() - started) * 1e9)


def _make_provider(settings: ServiceSettings) -> "TracerProvider":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - 100 ms, 20 MB
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio  # noqa: PLC0415

    from chassis.telemetry.exporter import QuietExporter  # noqa: PLC0415 - as above

    about = {"service.name": settings.service_name, "deployment.environment.name": settings.environment.value}
    headers = settings.otel_exporter_otlp_headers
    exporter = OTLPSpanExporter(
        f"{str(settings.otel_exporter_otlp_endpoint).rstrip('/')}/v1/traces",
        headers=parse_env_headers(headers.get_secret_value(), liberal=True) if headers else None,
        timeout=EXPORT_TIMEOUT_S,
    )
    sampler = ParentBasedTraceIdRatio(settings.otel_traces_sampler_arg)
    provider = TracerProvider(sampler, Resource.create(about), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(QuietExporter(exporter)))
    return provider
