"""Operations that fit the schema, generated at random, against all services: `make fuzz-graphql`."""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from time import monotonic

import httpx
from graphql import ValueNode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import from_schema, nodes
from prometheus_client import REGISTRY

from gateway.graphql.media_types import GRAPHQL
from gateway.graphql.schema import SCHEMA
from tests.gateway.orders.test_orders import add_product
from tests.gateway.orders.test_pages import place
from tests.support.aliases import Bearer, MakeUser, People
from tests.support.often import times

log = logging.getLogger(__name__)
SECONDS = 60 * float(os.environ.get("GRAPHQL_MINUTES", "0"))
EXECUTED = {200, 294}
Headers = Mapping[str, str]


def scalars(known: list[str]) -> dict[str, st.SearchStrategy[ValueNode]]:
    """Return the values of our scalars; a third of the ids are those of things that are there."""
    ids = st.sampled_from(known) | st.uuids().map(str) | st.text(max_size=40)
    return {
        "UUID": ids.map(nodes.String),
        "DateTime": st.datetimes(min_value=datetime(1, 1, 2)).map(lambda time: nodes.String(f"{time.isoformat()}Z")),  # noqa: DTZ001
        "Money": st.decimals(allow_nan=False, allow_infinity=False, places=2).map(lambda one: nodes.Float(float(one))),
        "Count": st.integers().map(nodes.Int),
    }


def failures() -> float:
    """Return how many requests the services have answered with 5xx; all are in this process."""
    samples = (sample for metric in REGISTRY.collect() for sample in metric.samples)
    counted = (one for one in samples if one.name == "http_requests_total" and one.labels["status"].startswith("5"))
    return sum(one.value for one in counted)


def execute_many(url: str, people: list[Headers], known: list[str]) -> Counter[int]:
    """Execute operations for ``SECONDS``, at least a few; returns how many answers had each status."""
    counted = Counter[int]()
    documents = from_schema(SCHEMA.as_str(), custom_scalars=scalars(known))
    with httpx.Client(base_url=url, timeout=60) as client:

        @settings(max_examples=times(20), deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(document=documents, person=st.sampled_from(people))
        def execute(document: str, person: Headers) -> None:
            answer = client.post("/graphql", json={"query": document}, headers={"Accept": GRAPHQL, **person})
            counted[answer.status_code] += 1
            faults = [error for error in answer.json().get("errors", []) if error["extensions"]["status"] >= 500]
            assert (answer.status_code < 500, faults) == (True, [])

        ends = monotonic() + SECONDS
        execute()
        while monotonic() < ends:
            execute()
    return counted


async def test_no_operation_is_a_server_error(
    people: People, make_user: MakeUser, bearer: Bearer, environment: dict[str, str]
) -> None:
    """Neither an answer, nor one of its fields, nor an answer of a service behind."""
    root, ada, bob = bearer(await make_user("root", "admin")), bearer(await make_user("ada")), await make_user("bob")
    known, before = [str(bob.id)], failures()
    # --- about order ---
    teapot = await add_product(people, bearer, stock=1000)
    known += [teapot, await place(people, ada, teapot)]
    # --- end about order ---

    counted = await asyncio.to_thread(execute_many, environment["GATEWAY_SERVICE_URL"], [root, ada, {}], known)

    log.warning("%d operations; answers by status: %s", counted.total(), dict(counted))
    assert failures() == before
    assert EXECUTED & counted.keys()
