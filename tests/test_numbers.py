"""An amount and a time have one form in JSON, in whatever way a route, an event or a call hands it on."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, get_args, get_origin

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel, PlainSerializer, WrapSerializer

from chassis.core import json as strict_json
from chassis.core.money import Price
from chassis.core.types import AnyJson, Read
from chassis.dispatch.call import Call
from chassis.sealing.access import public
from chassis.web.routing import Route, service_router
from cli.calls import declared_calls
from cli.events import published_events
from tests.chassis.tiny import serve_tiny

VALUES = {"price": Decimal("199.99"), "at": datetime(2026, 11, 21, 14, 30, tzinfo=UTC)}
TEXT = b'{"price":199.99,"at":"2026-11-21T14:30:00Z"}'
router = service_router("ways")


class Typed(Read):
    """Declared types."""

    price: Price
    at: datetime


class Free(Read):
    """Free-form JSON in a schema."""

    inside: dict[str, AnyJson]


@router.get("/model", access=public())
async def model() -> Typed:
    """A schema."""
    return Typed.model_validate(VALUES)


@router.get("/declared", access=public(), response_model=Typed)
async def declared() -> object:
    """Anything, as a declared schema."""
    return VALUES


@router.get("/dict", access=public())
async def as_dict() -> dict[str, Any]:
    """A dict: another service's answer that is handed on, or a dumped schema."""
    return Typed.model_validate(VALUES).model_dump()


@router.get("/value", access=public())
async def value() -> object:
    """Anything."""
    return VALUES


@router.get("/untyped", access=public())
async def untyped():  # type: ignore[no-untyped-def] # noqa: ANN201 - as a newcomer may write it
    """Anything, without a type."""
    return VALUES


@router.get("/list", access=public())
async def as_list() -> list[dict[str, object]] | None:
    """A list of dicts, or nothing."""
    return [VALUES]


@router.get("/free", access=public())
async def free() -> Free:
    """A schema with free-form JSON in it."""
    return Free(inside=VALUES)


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service with these routes."""
    async with serve_tiny(router) as tiny:
        yield tiny.client


@pytest.mark.parametrize(
    ("path", "around"),
    [
        ("model", b"%b"),
        ("declared", b"%b"),
        ("dict", b"%b"),
        ("value", b"%b"),
        ("untyped", b"%b"),
        ("list", b"[%b]"),
        ("free", b'{"inside":%b}'),
    ],
)
async def test_a_route_writes_numbers_and_times_in_one_form(
    client: httpx.AsyncClient, path: str, around: bytes
) -> None:
    """By a schema, a dict, a list or no type at all."""
    assert (await client.get(f"/api/v1/ways/{path}")).content == around % TEXT


def test_a_call_and_our_own_json_have_the_same_form() -> None:
    """The body of a call with free-form JSON, and whatever the chassis writes itself."""
    assert Call("tiny", "POST", "/", sends=dict[str, AnyJson]).encode(VALUES) == TEXT
    assert strict_json.dumps(VALUES) == TEXT
    with pytest.raises(TypeError, match="not JSON serializable: set"):
        strict_json.dumps(set())


def loose_parts(kind: Any, place: str, seen: tuple[type, ...] = ()) -> Iterator[str]:  # noqa: ANN401 - a type
    """Name the parts of a type that pydantic would write by the type of the value: a Decimal becomes text there."""
    if get_origin(kind) is Annotated:
        kind, *notes = get_args(kind)
        if any(isinstance(note, PlainSerializer | WrapSerializer) for note in notes):
            return
    if kind in (Decimal, Any, object):
        yield place
    if isinstance(kind, type) and issubclass(kind, BaseModel) and kind not in seen:
        for name, field in kind.model_fields.items():
            yield from loose_parts(Annotated[field.annotation, *field.metadata, None], f"{place}.{name}", (*seen, kind))
    for part in get_args(kind):
        if isinstance(part, type) or get_args(part) or part is Any:
            yield from loose_parts(part, place, seen)


def test_every_number_has_a_type(apps: dict[str, FastAPI]) -> None:
    """Write Price or Amount instead of Decimal, and AnyJson instead of Any: in answers, events and bodies of calls."""
    routes = [route for app in apps.values() for route in app.routes if isinstance(route, Route)]
    types = {f"{route.methods} {route.path}": route.response_model for route in routes}
    types |= {event.type: event for event in published_events()} | {
        str(call): call.sends for _, call in declared_calls()
    }

    found = [place for name, kind in types.items() for place in loose_parts(kind, name)]
    assert found == [], found


def test_a_loose_number_is_found() -> None:
    """At any depth of a schema."""

    class Loose(Read):
        total: Decimal | None
        details: dict[str, Any]
        lines: list[Free]

    assert list(loose_parts(list[Loose], "it")) == ["it.total", "it.details"]
