from collections.abc import Iterator
from inspect import isasyncgenfunction, iscoroutinefunction
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

ON_PURPOSE = {"/metrics"}
"""It reads the files of all workers, which would block the event loop."""


def blocking(dependant: Dependant, route: str) -> Iterator[str]:
    """Return the functions of a route that run in a thread: this costs time, and there are only 40 threads."""
    call = dependant.call
    assert call
    forms = (call, type(call).__call__)  # a function, or a callable object
    if not any(iscoroutinefunction(form) or isasyncgenfunction(form) for form in forms):
        yield f"{route}: make {getattr(call, '__qualname__', call)} 'async def'"
    for dependency in dependant.dependencies:
        yield from blocking(dependency, route)


async def test_nothing_that_a_route_needs_runs_in_a_thread(apps: dict[str, FastAPI]) -> None:
    """No endpoint and no dependency is synchronous."""
    routes = [route for app in apps.values() for route in app.routes if isinstance(route, APIRoute)]

    offenders = [one for route in routes for one in blocking(route.dependant, route.path)]

    assert [one for one in offenders if one.partition(":")[0] not in ON_PURPOSE] == []


def test_what_runs_in_a_thread_is_named() -> None:
    """A synchronous endpoint is found, and a synchronous dependency behind an asynchronous one."""

    def inner() -> Iterator[None]:
        yield

    async def outer(inner: Annotated[None, Depends(inner)]) -> None:
        pass

    def endpoint(outer: Annotated[None, Depends(outer)]) -> None:
        pass

    router = APIRouter()
    router.get("/here")(endpoint)
    (route,) = router.routes
    assert isinstance(route, APIRoute)

    offenders = [line.rpartition("<locals>.")[2] for line in blocking(route.dependant, route.path)]

    assert offenders == ["endpoint 'async def'", "inner 'async def'"]
