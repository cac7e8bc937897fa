"""Every call between services, compared with the routes of the called service."""

from copy import deepcopy
from importlib import import_module
from typing import Annotated, Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from pydantic import BaseModel, Field

from chassis.dispatch.call import Call
from cli.calls import calls, declared_calls
from cli.links import settings_class
from cli.services import SERVICES
from tests.support.contracts import breaches

NAMES = [service.name for service in SERVICES]
CALLS = list(declared_calls())


@pytest.mark.parametrize(("caller", "call"), CALLS, ids=[f"{caller} {call}" for caller, call in CALLS])
def test_a_call_works(apps: dict[str, FastAPI], caller: str, call: Call[Any, Any]) -> None:
    """The route exists, admits the caller, accepts what is sent, and returns the fields that are read."""
    assert breaches(caller, call, apps[call.service].openapi()) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_call_is_listed(name: str) -> None:
    """Every call in a service's calls.py is in CALLS, and goes to another service."""
    module = import_module(f"{name}.calls")
    declared = [one for one in vars(module).values() if isinstance(one, Call)]

    assert declared == list(module.CALLS)
    assert all(call.service in set(NAMES) - {name} for call in declared)


def test_the_peers_of_a_service_are_those_it_calls() -> None:
    """The services of its calls, the consumers of its events and the issuer of tokens; of what fronts them, all."""
    for service in SERVICES:
        called = {call.service for caller, call in CALLS if caller == service.name}
        others = {other.name for other in SERVICES if other != service}
        assert settings_class(service.name).peers == (others if service.front else called)


def test_the_table_names_every_call(capsys: pytest.CaptureFixture[str]) -> None:
    """As `bin/cli calls` prints it."""
    calls()

    lines = [line.split()[:2] for line in capsys.readouterr().out.splitlines()[1:]]
    assert lines == [[caller, call.service] for caller, call in CALLS]


# The checker itself: changes of the shop's routes, and the breaches they cause


class Wanted(BaseModel):
    """The body that is sent."""

    item: UUID
    quantity: Annotated[int, Field(ge=1, le=10)]


class Reserved(BaseModel):
    """The fields that the caller reads."""

    price: float
    note: str | None


RESERVE = Call(
    "shop", "POST", "/items/{item}/take", sends=Wanted, returns=Reserved, query=("dry",), idempotency="repeatable"
)
TAKEN: dict[str, Any] = {
    "type": "object",
    "properties": {
        "item": {"type": "string", "format": "uuid"},
        "quantity": {"type": "integer", "minimum": 1, "maximum": 10},
        "gift": {"type": "boolean"},
    },
    "required": ["item", "quantity"],
    "additionalProperties": False,
}
ANSWERED: dict[str, Any] = {
    "type": "object",
    "properties": {"price": {"type": "number"}, "note": {"$ref": "#/components/schemas/Note"}, "more": {}},
    "required": ["price", "note"],
}
OPERATION: dict[str, Any] = {
    "x-access": {"mode": "service", "callers": ["till"], "idempotency": "repeatable"},
    "parameters": [{"name": "dry", "in": "query"}],
    "requestBody": {"required": True, "content": {"application/json": {"schema": TAKEN}}},
    "responses": {"200": {"content": {"application/json": {"schema": ANSWERED}}}, "409": {}},
}
SHOP: dict[str, Any] = {
    "paths": {"/items/{id}/take": {"post": OPERATION}},
    "components": {"schemas": {"Note": {"anyOf": [{"type": "string"}, {"type": "null"}]}}},
}
_TAKEN = ("paths", "/items/{id}/take", "post", "requestBody", "content", "application/json", "schema")
_ANSWERED = ("paths", "/items/{id}/take", "post", "responses", "200", "content", "application/json", "schema")
_ROUTE = ("paths", "/items/{id}/take", "post")

CHANGES: dict[str, tuple[tuple[str, ...], Any, str]] = {
    "route moved": (("paths",), {"/items/{id}/hold": {"post": OPERATION}}, "there is no such route"),
    "method changed": (("paths", "/items/{id}/take"), {"put": OPERATION}, "there is no such route"),
    "caller shut out": ((*_ROUTE, "x-access", "callers"), ["desk"], "only desk may call"),
    "route opened": ((*_ROUTE, "x-access", "mode"), "public", "it is sealed, the route is public"),
    "not repeatable": (
        (*_ROUTE, "x-access", "idempotency"),
        "unrepeatable",
        "it is declared repeatable, the route is unrepeatable",
    ),
    "query renamed": ((*_ROUTE, "parameters"), [], "the query parameter 'dry' is not taken"),
    "body dropped": ((*_ROUTE, "requestBody"), {}, "the route takes no body"),
    "field renamed": (
        (*_TAKEN, "properties"),
        {"item": TAKEN["properties"]["item"], "amount": {"type": "integer"}},
        "body/quantity: is sent, and no such field is taken",
    ),
    "field required": ((*_TAKEN, "required"), ["item", "gift"], "body/gift: is required, and not always there"),
    "fewer allowed": (
        (*_TAKEN, "properties", "quantity", "maximum"),
        5,
        "body/quantity: maximum 10 is sent, 5 is taken",
    ),
    "more needed": ((*_TAKEN, "properties", "quantity", "minimum"), 2, "body/quantity: minimum 1 is sent, 2 is taken"),
    "other type": ((*_TAKEN, "properties", "item"), {"type": "integer"}, "body/item: string is sent, integer is taken"),
    "other format": (
        (*_TAKEN, "properties", "item", "format"),
        "date-time",
        "body/item: format uuid is sent, date-time is taken",
    ),
    "values listed": (
        (*_TAKEN, "properties", "quantity", "enum"),
        [1, 2],
        "body/quantity: [None] is sent, one of [1, 2] is taken",
    ),
    "answer renamed": (
        (*_ANSWERED, "required"),
        ["cost", "note"],
        "answer/price: is required, and not always there",
    ),
    "answer of another type": (
        (*_ANSWERED, "properties", "price"),
        {"type": "string"},
        "answer/price: string is answered, number is read",
    ),
    "answer may be null": (
        (*_ANSWERED, "properties", "price"),
        {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "answer/price: null is answered, number is read",
    ),
    "no answer": ((*_ROUTE, "responses"), {"204": {}}, "answer: null is answered, object is read"),
}


def test_a_route_that_fits_has_no_breach() -> None:
    """Names of path parameters may differ, and the service may accept and return more."""
    assert breaches("till", RESERVE, SHOP) == []


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_breaks_a_caller_is_found(change: str) -> None:
    """The breach names both services, the route and the difference."""
    place, value, breach = CHANGES[change]
    altered = deepcopy(SHOP)
    parent: Any = altered
    for key in place[:-1]:
        parent = parent[key]
    parent[place[-1]] = value

    assert f"till calls POST /items/{{item}}/take of shop: {breach}" in breaches("till", RESERVE, altered)


def test_a_bodiless_call_to_a_route_that_needs_a_body_is_found() -> None:
    """A call that is not sealed requires a route that accepts plain requests."""
    plain = Call("shop", "POST", "/items/{item}/take", sealed=False)

    assert [one.rpartition(": ")[2] for one in breaches("till", plain, SHOP)] == [
        "it is plain, the route is service",
        "the route needs a body",
    ]
