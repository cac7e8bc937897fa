from typing import Any

import pytest

from gateway.graphql import cost
from gateway.graphql.cost import TooExpensive
from gateway.graphql.operations import Operations
from gateway.graphql.requests import GraphQLRequest
from tests.gateway.graphql.tiny_graphql import SCHEMA


@pytest.fixture
def operations() -> Operations:
    """The operations of the schema."""
    return Operations(SCHEMA, (), only_trusted=False, open_schema=True)


def price(operations: Operations, query: str, **variables: Any) -> int:  # noqa: ANN401 - JSON
    """Return the price of a query."""
    request = GraphQLRequest.model_validate({"query": query, "variables": variables})
    return operations.prepare(request, None, only_query=False).cost


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{__typename}", 1),
        ("mutation{change}", 1),
        ("{me{id name}}", 1),
        ("{me{id} a:me{id}}", 2),
        ("{things(first:20){id}}", 20),
        ("{things{id}}", 10),
        ("{things(ids:[1,2,3]){id}}", 3),
        ("{things(ids:[],first:4){id}}", 4),
        ("{things(first:3){things(first:4){parts{id}}}}", 3 * (1 + 4 * (1 + cost.ASSUMED))),
        ("{things(first:0){parts{id}}}", 0 + 1),
        ("{things(first:-5){id}}", 1),
        ("{me{...A ...A}} fragment A on Thing {parts{id}}", 1 + 2 * cost.ASSUMED),
        ("{me{...{parts{id}} ...on Thing{parts{id}}}}", 1 + 2 * cost.ASSUMED),
        ("{me{parts @skip(if:true){id}}}", 1),
        ("{me{parts @include(if:false){id}}}", 1),
        ("{me{...A @include(if:false)}} fragment A on Thing {parts{id}}", 1),
        ("{__schema{types{name fields{name}}}}", 1),
    ],
)
def test_the_price_of_a_query(operations: Operations, query: str, expected: int) -> None:
    """An object costs 1, and what is in a list costs as often as the list asks for."""
    assert price(operations, query) == expected


def test_a_variable_counts_like_a_literal(operations: Operations) -> None:
    """The length of a list may be a variable, or its default."""
    query = "query($n:Int=7,$on:Boolean=true){things(first:$n){id parts @include(if:$on){id}}}"

    prices = [price(operations, query), price(operations, query, n=3), price(operations, query, n=3, on=False)]

    assert prices == [7 * (1 + cost.ASSUMED), 3 * (1 + cost.ASSUMED), 3]


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("{things(first:1001){id}}", {}),
        ("query($n:Int!){things(first:$n){things(first:$n){id}}}", {"n": 40}),
        ("{things(first:2147483647){things(first:2147483647){things(first:2147483647){id}}}}", {}),
    ],
)
def test_what_costs_too_much_is_refused(operations: Operations, query: str, variables: dict[str, int]) -> None:
    """The price is known, and refused, before anything is executed."""
    with pytest.raises(TooExpensive, match="at most 1000"):
        price(operations, query, **variables)
