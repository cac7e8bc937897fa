"""Keyed routes: a request of each, and another one with the same key. ``test_repetition.py`` repeats them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from tests.support.aliases import People


@dataclass(frozen=True, slots=True)
class Repeated:
    """
    A request of a keyed route; the other one differs in its body, or is about another thing.

    ``<name>`` in a path or body is replaced by the id of a thing, or by a whole body.
    """

    path: str
    body: object
    other_path: str
    other_body: object
    status: int = 200


async def _make_nothing(_people: People, _admin: dict[str, str]) -> dict[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class KeyedRoutes:
    """
    The keyed routes of a service.

    Args:
        routes: Route (``POST /api/v1/orders``) -> its requests.
        make_things: Creates the things of the requests, as an admin; returns their ids by name.
    """

    routes: Mapping[str, Repeated] = field(default_factory=dict)
    make_things: Callable[[People, dict[str, Any]], Awaitable[dict[str, Any]]] = _make_nothing


@cache
def keyed_routes_of(service: str) -> KeyedRoutes:
    """Return what ``tests/<service>/repeated.py`` has; nothing if the service has no such file."""
    module = f"tests.{service}.repeated"
    return import_module(module).KEYED_ROUTES if find_spec(module) else KeyedRoutes()
