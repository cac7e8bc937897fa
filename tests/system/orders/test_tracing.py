from collections.abc import AsyncIterator
from contextlib import ExitStack

import httpx
import pytest

from cli.dev.polling import eventually
from tests.support.collector import Collector, Span, collecting
from tests.system.orders.shop import ORDERS, make_product
from tests.system.people import log_in
from tests.system.stack import Stack, restarted

pytestmark = pytest.mark.long

TRACED = ("order", "product", "analytics")
EXPECTED = {("order", "order"), ("order", "product"), ("product", "product"), ("order", "analytics")}
"""Pairs of services: a span of the first has a child in the second."""


@pytest.fixture
async def collector(stack: Stack) -> AsyncIterator[Collector]:
    """A receiver of all spans of the services that work for an order."""
    async with collecting() as collector:
        options = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.address, "OTEL_TRACES_SAMPLER_ARG": "1"}
        with ExitStack() as services:
            for service in TRACED:
                services.enter_context(restarted(stack, service, OTEL_BSP_SCHEDULE_DELAY="100", **options))
            yield collector


def links(spans: list[Span]) -> set[tuple[str, str]]:
    """Return from which service to which a trace continues; from "nowhere" where a parent is missing."""
    services = {span.span_id: span.service for span in spans}
    return {(services.get(span.parent_id, "nowhere"), span.service) for span in spans if span.parent_id}


async def test_an_order_is_one_trace(stack: Stack, collector: Collector) -> None:
    """From a person's request through order, product and outbox to analytics, each span's parent is in the trace."""
    bearer, product_id = await log_in(stack.environment), await make_product(stack)
    async with httpx.AsyncClient(base_url=stack.environment["ORDER_SERVICE_URL"]) as orders:
        wanted = {"product_id": product_id, "quantity": 1}
        assert (await orders.post(ORDERS, json=wanted, headers=bearer)).status_code == 201

    async def is_told() -> bool:
        return any(links(collector.trace(one.trace_id)) == EXPECTED for one in collector.named(f"POST {ORDERS}"))

    assert await eventually(is_told)
    (asked,) = collector.named(f"POST {ORDERS}")
    spans = collector.trace(asked.trace_id)
    assert [span for span in spans if not span.parent_id] == [asked]
    assert {span.name for span in spans if span.service == "analytics"} == {"hear order.confirmed"}
    assert {span.service for span in spans if span.attributes.get("db.system.name")} == {"order", "product"}
    assert not any(span.failed for span in spans)

    async def is_logged() -> bool:
        lines = [line for line in stack.output if asked.trace_id in line]
        return all(any(f"service={service}" in line for line in lines) for service in TRACED)

    assert await eventually(is_logged)
