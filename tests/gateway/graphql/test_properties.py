import json
import math
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import from_schema

from gateway.graphql.media_types import EVENTS, GRAPHQL, JSON
from tests.gateway.graphql.tiny_graphql import SCHEMA, serve_graphql
from tests.support.often import times

ACCEPTED = st.sampled_from([GRAPHQL, JSON, "*/*", EVENTS, "a/b", "", ";q=,"])
LIKE_GRAPHQL = st.text('{}()[]:$!."\\@#&|= mequryanosfF\n1-eé\0', max_size=80)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
MEMBERS = st.dictionaries(
    st.sampled_from(["query", "variables", "operationName", "extensions", "documentId", "other"]),
    VALUES | LIKE_GRAPHQL,
)
BODIES = st.one_of(st.binary(max_size=100), (VALUES | MEMBERS).map(lambda value: json.dumps(value).encode()))
OFTEN = settings(max_examples=times(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service that executes any document."""
    async with serve_graphql() as tiny:
        yield tiny.client


@OFTEN
@given(body=BODIES, accept=ACCEPTED, kind=st.sampled_from([JSON, "text/plain"]))
async def test_no_body_is_a_server_error(client: httpx.AsyncClient, body: bytes, accept: str, kind: str) -> None:
    """Any bytes and any JSON have an answer below 500."""
    answer = await client.post("/graphql", content=body, headers={"Content-Type": kind, "Accept": accept})

    assert answer.status_code < 500


@OFTEN
@given(query=MEMBERS.map(lambda members: {name: str(value) for name, value in members.items()}), accept=ACCEPTED)
async def test_no_query_is_a_server_error(client: httpx.AsyncClient, query: dict[str, str], accept: str) -> None:
    """Any parameters have an answer below 500."""
    answer = await client.get("/graphql", params=query, headers={"Accept": accept})

    assert answer.status_code < 500


@OFTEN
@given(document=from_schema(str(SCHEMA)).filter(lambda document: "slow" not in document))
async def test_a_document_of_the_schema_is_executed_or_exceeds_a_limit(
    client: httpx.AsyncClient, document: str
) -> None:
    """What fits the schema is refused for its size or price alone, or because of a value that JSON lacks."""
    answer = await client.post("/graphql", json={"query": document}, headers={"Accept": GRAPHQL})

    assert answer.status_code in {200, 294} or _reason(answer).startswith(("too_", "unusable_value"))


@OFTEN
@given(number=st.floats() | st.integers())
@example(math.inf)
@example(10**400)
async def test_a_number_arrives_or_is_refused(client: httpx.AsyncClient, number: float) -> None:
    """A variable of type Float is the number that was sent, and finite."""
    body = json.dumps({"query": "query($v:Float!){half(value:$v)}", "variables": {"v": number}})

    answer = await client.post("/graphql", content=body, headers={"Content-Type": JSON, "Accept": GRAPHQL})

    if answer.status_code == 200:
        assert answer.json()["data"]["half"] == number / 2
    else:
        assert answer.status_code in {400, 422}


def _reason(answer: httpx.Response) -> str:
    reason: Any = answer.json()["errors"][0]["extensions"]["code"]
    return str(reason)
