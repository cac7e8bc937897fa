import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import pytest
from opentelemetry import trace
from pydantic import AnyHttpUrl, SecretStr
from sqlalchemy import text

from chassis.core import context as request_context
from chassis.core.context import RequestContext
from chassis.messaging.event_batch import CloudEvent
from chassis.mongodb.database import MongoDB
from chassis.postgres.database import Postgres
from chassis.telemetry import tracing
from cli.dev.mongodb import EmbeddedMongoDB
from cli.dev.postgres import EmbeddedPostgres
from tests.chassis.tiny import Tiny, TinySettings, serve_tiny
from tests.chassis.tracing_tiny import SAMPLED, SECRET, THINGS, TRACE, UNSAMPLED, router
from tests.dispatch.wired import KEYS, dispatcher_to
from tests.sealing.messages import as_setting
from tests.support.collector import Collector, collecting
from tests.support.fault_proxy import Exchange, FaultProxy

EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "0197a6b2-0000-7000-8000-000000000000",
    "source": "/services/order",
    "type": "order.placed",
    "time": "2026-11-26T12:00:00Z",
}


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    """The exported spans; services of other tests in this process may add to them."""
    async with collecting() as collector:
        yield collector


@pytest.fixture
def store(postgres: EmbeddedPostgres) -> Postgres:
    """A database without tables."""
    return Postgres(SecretStr(postgres.create_database("traced")), "tiny")


@asynccontextmanager
async def traced(address: str, store: Postgres | None = None, **settings: Any) -> AsyncIterator[Tiny]:  # noqa: ANN401
    """Run the service; all spans are exported when it ends."""
    options = {"otel_exporter_otlp_endpoint": address, "otel_traces_sampler_arg": 1.0, **settings}
    async with serve_tiny(router, store=store, **options) as tiny:
        yield tiny


def is_sampled(traceparent: str) -> bool:
    """Return whether the sampled flag is set (W3C Trace Context)."""
    return bool(int(traceparent[-2:], 16) & 1)


async def test_what_a_request_says_stands_in_no_span(collector: Collector, store: Postgres) -> None:
    """No span contains a value of the path, query, header, body or statement, nor a database error that quotes it."""
    async with traced(collector.address, store) as tiny:
        headers = {"x-private": SECRET, "authorization": f"Basic {SECRET}"}
        for path in (f"{THINGS}/{SECRET}?q={SECRET}", f"{THINGS}/{SECRET}/number?q={SECRET}"):
            await tiny.client.post(path, json={"name": SECRET}, headers=headers)

    statements = {span.attributes.get("db.query.text") for span in collector.named("SELECT")}
    assert statements >= {"SELECT CAST($1 AS text)", "SELECT CAST(CAST($1 AS text) AS integer)"}
    assert SECRET.encode() not in collector.raw


async def test_a_failure_is_told_by_its_kind(collector: Collector, store: Postgres) -> None:
    """The span of a statement has its SQLSTATE, that of the request its status; both count as failed."""
    async with traced(collector.address, store) as tiny:
        await tiny.client.post(f"{THINGS}/me/number", json={"name": "seven"})

    (request,) = collector.named(f"POST {THINGS}/{{owner}}/number")
    (statement,) = [span for span in collector.trace(request.trace_id) if span is not request]
    assert (statement.failed, statement.attributes["error.type"]) == (True, "22P02")
    assert (request.failed, request.attributes["http.response.status_code"]) == (True, "500")


async def test_a_refusal_is_no_failure(collector: Collector, store: Postgres) -> None:
    """A 422 does not mark the span as failed, whichever layer answers it."""
    async with traced(collector.address, store) as tiny:
        await tiny.client.post(f"{THINGS}/me", json={})

    (request,) = collector.named(f"POST {THINGS}/{{owner}}")
    assert (request.failed, request.attributes["http.response.status_code"]) == (False, "422")


@pytest.mark.parametrize(("share", "is_recorded"), [(1.0, True), (0.0, False)])
async def test_a_sampled_flag_from_outside_is_a_wish(collector: Collector, share: float, *, is_recorded: bool) -> None:
    """A trace from outside is continued, and our sampling ratio decides whether it is recorded."""
    async with traced(collector.address, otel_traces_sampler_arg=share) as tiny:
        passed_on = (await tiny.client.get(f"{THINGS}/traceparent", headers={"traceparent": SAMPLED})).json()

    spans = collector.trace(TRACE)
    assert [span.parent_id for span in spans] == ["b7ad6b7169203331"] * is_recorded
    assert passed_on.startswith(f"00-{TRACE}-")
    assert is_sampled(passed_on) == is_recorded


async def test_a_sampled_flag_of_a_peer_is_an_order(collector: Collector) -> None:
    """A trace that a peer records is recorded here too, regardless of our own ratio."""
    own = {name: ring for name, ring in KEYS.items() if "TINY" in name}
    async with (
        traced(collector.address, otel_traces_sampler_arg=0.0, link_key=as_setting(own)) as tiny,
        dispatcher_to(str(tiny.client.base_url).rstrip("/")) as caller,
    ):
        with request_context.within(RequestContext("request-4711", SAMPLED)):
            passed_on = (await caller.send("tiny", "GET", f"{THINGS}/traceparent")).json()

    (span,) = collector.trace(TRACE)
    assert span.parent_id == "b7ad6b7169203331"
    assert passed_on == f"00-{TRACE}-{span.span_id}-01"


@pytest.mark.parametrize(("chance", "is_granted"), [(0.0999, True), (0.1, False)])
@pytest.mark.parametrize("trace_id", [f"{1:032x}", f"{2**127:032x}", "f" * 32])
def test_no_trace_id_forces_a_recording(trace_id: str, chance: float, *, is_granted: bool) -> None:
    """No trace id forces a recording: sampling does not depend on the id."""
    context = RequestContext("request-4711")

    context.join_from_outside(f"00-{trace_id}-b7ad6b7169203331-01", 0.1, lambda: chance)

    assert context.traceparent == f"00-{trace_id}-b7ad6b7169203331-{'01' if is_granted else '00'}"


@pytest.mark.parametrize(
    "malformed",
    ["", "one", SAMPLED[:-1], f"{SAMPLED}-00", SAMPLED.upper(), f"01{SAMPLED[2:]}", f"00-{'0' * 32}-{'1' * 16}-01"],
)
def test_a_malformed_trace_is_none(malformed: str) -> None:
    """A malformed trace from outside, from inside or in an event is ignored: the request gets a new one."""
    context = RequestContext("request-4711")

    context.join(malformed)
    context.join_from_outside(malformed, 1.0)

    assert context.traceparent is None
    assert CloudEvent(**EVENT, traceparent=malformed).context.traceparent is None


async def test_what_a_caller_does_not_record_is_not_recorded(collector: Collector) -> None:
    """An unsampled trace is not recorded at any ratio, and the flag is passed on to callees."""
    async with traced(collector.address) as tiny:
        passed_on = (await tiny.client.get(f"{THINGS}/traceparent", headers={"traceparent": UNSAMPLED})).json()

    assert passed_on.startswith(f"00-{TRACE}-")
    assert not is_sampled(passed_on)
    assert collector.trace(TRACE) == []


async def test_a_share_is_recorded(collector: Collector) -> None:
    """With a ratio of 0 no trace is recorded, and the request still has a trace id in its log lines."""
    async with traced(collector.address, otel_traces_sampler_arg=0.0) as tiny:
        passed_on = (await tiny.client.get(f"{THINGS}/traceparent")).json()

    assert not is_sampled(passed_on)
    assert collector.named(f"GET {THINGS}/traceparent") == []


async def test_probes_and_unknown_addresses_are_no_traces(collector: Collector) -> None:
    """Probes and unknown paths are not traced: they would bury the rest."""
    paths = ("/readyz", "/metrics", "/nothing", f"{THINGS}/traceparent")
    async with traced(collector.address) as tiny:
        for path in paths:
            await tiny.client.get(path)

    assert [span.name for span in collector.spans if span.name.endswith(paths)] == [f"GET {THINGS}/traceparent"]


async def test_statements_of_no_request_are_not_recorded(collector: Collector, store: Postgres) -> None:
    """The periodic statements of a service are not traced."""
    async with traced(collector.address, store), store.transaction() as session:
        await session.execute(text("SELECT 4711"))

    assert "SELECT 4711" not in {span.attributes.get("db.query.text") for span in collector.spans}


async def test_looks_of_a_request_that_waits_are_not_recorded(collector: Collector, store: Postgres) -> None:
    """Its other statements are."""
    async with traced(collector.address, store) as tiny:
        await tiny.client.get(f"{THINGS}/waiting")

    (request,) = collector.named(f"GET {THINGS}/waiting")
    statements = [span.attributes.get("db.query.text") for span in collector.trace(request.trace_id)]
    assert [one for one in statements if one] == ["SELECT 'act'"]


async def test_commands_to_mongodb_are_spans(collector: Collector, mongodb: EmbeddedMongoDB) -> None:
    """A span names the collection and nothing of the document; a failed command has its kind of error."""
    settings = TinySettings(otel_exporter_otlp_endpoint=AnyHttpUrl(collector.address), otel_traces_sampler_arg=1.0)
    store = MongoDB(SecretStr(mongodb.create_database("traced")), "tiny")
    async with tracing.exporting(settings):
        await store.open()
        with tracing.delivering("nobody", 1):
            async with store.use() as database:
                await database["things"].insert_one({"name": SECRET})
                with pytest.raises(Exception, match="unknown"):
                    await database.command({"aggregate": "things", "pipeline": [{"$unknown": SECRET}], "cursor": {}})
        await store.close()

    inserted, failed = collector.named("insert things") + collector.named("aggregate things")
    assert (inserted.failed, inserted.attributes["db.system.name"]) == (False, "mongodb")
    assert failed.failed
    assert SECRET.encode() not in collector.raw


async def test_the_secret_of_the_collector_is_sent(collector: Collector) -> None:
    """OTEL_EXPORTER_OTLP_HEADERS is sent, also when it comes from a file."""
    async with traced(collector.address, otel_exporter_otlp_headers=SecretStr("x-api-key=4711")) as tiny:
        await tiny.client.get(f"{THINGS}/traceparent")

    assert collector.headers["x-api-key"] == "4711"
    assert collector.headers["content-type"] == "application/x-protobuf"


async def test_a_collector_that_hangs_holds_up_nothing() -> None:
    """A collector that hangs delays no request, and the end of the service only up to its timeout."""

    async def hang(_exchange: Exchange) -> None:
        await asyncio.Event().wait()

    async with FaultProxy("", hang) as proxy:
        async with traced(proxy.address) as tiny:
            answers = [await tiny.client.get(f"{THINGS}/traceparent") for _ in range(20)]
            begun = monotonic()
        took_s = monotonic() - begun

    assert proxy.seen
    assert {answer.status_code for answer in answers} == {200}
    assert took_s < tracing.EXPORT_TIMEOUT_S


async def test_a_sealed_request_brings_its_trace_inside() -> None:
    """With or without an endpoint, a sealed request continues the trace in its envelope."""
    own = {name: ring for name, ring in KEYS.items() if "TINY" in name}
    async with (
        serve_tiny(router, link_key=as_setting(own)) as tiny,
        dispatcher_to(str(tiny.client.base_url).rstrip("/")) as caller,
    ):
        with request_context.within(RequestContext("request-4711", SAMPLED)):
            passed_on = (await caller.send("tiny", "GET", f"{THINGS}/traceparent")).json()

    assert passed_on == SAMPLED


async def test_a_delivery_that_is_not_recorded_says_so(collector: Collector) -> None:
    """The consumer continues the trace of an event and its flag, without sampling again."""
    own = {name: ring for name, ring in KEYS.items() if "TINY" in name}
    async with (
        traced(collector.address, otel_traces_sampler_arg=0.0, link_key=as_setting(own)) as tiny,
        dispatcher_to(str(tiny.client.base_url).rstrip("/")) as caller,
    ):
        with tracing.delivering("tiny", 1):
            trace_id = trace.get_current_span().get_span_context().trace_id
            passed_on = (await caller.send("tiny", "GET", f"{THINGS}/traceparent")).json()

    assert passed_on.split("-")[1] == trace.format_trace_id(trace_id)
    assert not is_sampled(passed_on)
