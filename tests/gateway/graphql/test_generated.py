"""Operations that fit the schema, generated at random, against all services."""

from datetime import datetime

import pytest
from graphql import ValueNode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import from_schema, nodes

from gateway.graphql.media_types import GRAPHQL
from gateway.graphql.schema import SCHEMA
from tests.support.aliases import Bearer, MakeUser, People
from tests.support.often import times

pytestmark = pytest.mark.long

SCALARS: dict[str, st.SearchStrategy[ValueNode]] = {
    "UUID": st.uuids().map(str).map(nodes.String) | st.text(max_size=40).map(nodes.String),
    "DateTime": st.datetimes(min_value=datetime(1, 1, 2)).map(lambda time: nodes.String(f"{time.isoformat()}Z")),  # noqa: DTZ001
    "Money": st.decimals(allow_nan=False, allow_infinity=False, places=2).map(lambda one: nodes.Float(float(one))),
    "Count": st.integers().map(nodes.Int),
}


@pytest.mark.parametrize("role", ["admin", "user", None])
@settings(max_examples=times(30), deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(document=from_schema(SCHEMA.as_str(), custom_scalars=SCALARS))
async def test_no_operation_is_a_server_error(
    people: People, make_user: MakeUser, bearer: Bearer, role: str | None, document: str
) -> None:
    """Neither the answer nor any of its fields is: what a service refuses has the service's own status."""
    headers = {"Accept": GRAPHQL, **(bearer(role=role) if role else {})}

    answer = await people["gateway"].post("/graphql", json={"query": document}, headers=headers)

    faults = [error for error in answer.json().get("errors", []) if error["extensions"]["status"] >= 500]
    assert (answer.status_code < 500, faults) == (True, [])
