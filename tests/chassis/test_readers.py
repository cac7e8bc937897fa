from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
from fastapi import Depends, Query, Request, Security
from pydantic import BaseModel

from chassis.core.errors import Conflict
from chassis.dependencies import PERSON, Authentication
from chassis.idempotency.kinds import REPEATABLE
from chassis.sealing.access import optional
from chassis.web.readers import is_reader, reading
from chassis.web.routing import service_router
from tests.chassis.tiny import serve_tiny

router = service_router("things")


async def _path(request: Request) -> str:
    return request.url.path


async def _refused(request: Request) -> None:
    raise Conflict(request.url.path)


async def _with_query(request: Request, number: int = 1) -> int:
    return number


async def _opened(request: Request) -> AsyncIterator[str]:
    yield request.url.path


def _blocking(request: Request) -> str:
    return request.url.path


OfPath = Annotated[str, Depends(_path)]


checked = list[str]()


async def _checked(request: Request) -> str:
    checked.append(request.url.path)
    return request.url.path


CHECKED = Authentication("path", "a path", _checked, (), {})


class Thing(BaseModel):
    """A body."""

    name: str


@router.get("/here", access=optional())
async def here(path: OfPath, number: Annotated[int, Query(ge=1)] = 7) -> list[Any]:
    """Return what the reader has read, and a parameter."""
    return [path, number]


@router.post("/there", access=optional(), idempotency=REPEATABLE)
async def there(body: Thing, request: Request, path: OfPath, opened: Annotated[str, Depends(_opened)]) -> list[Any]:
    """Take the request itself, and another dependency, too."""
    return [body.name, request.method, path, opened]


@router.get("/refused", access=optional())
async def refused(number: int, _refused: Annotated[None, Depends(_refused)]) -> int:
    """Be refused by a reader."""
    return number


@router.post("/own", access=optional(), auth=PERSON, idempotency=REPEATABLE)
async def own(body: Thing) -> str:
    """Need a person."""
    return body.name


@router.get("/checked", access=optional(), auth=CHECKED)
async def check_once(path: Annotated[str, Depends(_checked)], again: Annotated[str, Depends(_checked)]) -> list[str]:
    """Take the result of the route's check, twice."""
    return [path, again]


@router.get("/scoped", access=optional())
async def scoped(path: Annotated[str, Security(_path, scopes=["read"])]) -> str:
    """Name a scope."""
    return path


@pytest.mark.parametrize(
    ("dependency", "is_one"), [(_path, True), (_with_query, False), (_opened, False), (_blocking, False)]
)
def test_a_reader_has_the_request_as_its_only_parameter(dependency: Any, is_one: bool) -> None:  # noqa: ANN401, FBT001
    """A generator, a function for a thread, and one with further parameters are left to FastAPI."""
    assert is_reader(dependency) == is_one


def test_fastapi_solves_no_reader() -> None:
    """The framework's dependencies of a route are the others; an endpoint without readers stays as it is."""
    solved = {route.name: [one.call for one in route.dependant.dependencies] for route in router.routes}

    assert solved == {"here": [], "there": [_opened], "refused": [], "own": [], "check_once": [], "scoped": [_path]}
    assert reading(own) is own


async def test_an_endpoint_gets_the_results_of_its_readers() -> None:
    """Beside them are parameters and their defaults, the body, the request itself and other dependencies."""
    async with serve_tiny(router) as tiny:
        usual = await tiny.client.get("/api/v1/things/here")
        three = await tiny.client.get("/api/v1/things/here", params={"number": 3})
        there = await tiny.client.post("/api/v1/things/there", json={"name": "one"})
        wrong = await tiny.client.get("/api/v1/things/here", params={"number": 0})

    assert (usual.json(), three.json()) == (["/api/v1/things/here", 7], ["/api/v1/things/here", 3])
    assert there.json() == ["one", "POST", "/api/v1/things/there", "/api/v1/things/there"]
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/number")


async def test_a_check_that_is_a_parameter_too_runs_once() -> None:
    """The route's check, and parameters with the same dependency, share one result per request."""
    checked.clear()
    async with serve_tiny(router) as tiny:
        answer = await tiny.client.get("/api/v1/things/checked")

    assert answer.json() == ["/api/v1/things/checked"] * 2
    assert checked == ["/api/v1/things/checked"]


async def test_the_error_of_a_reader_is_the_answer() -> None:
    """A reader refuses a request like any dependency, once the parameters are valid."""
    async with serve_tiny(router) as tiny:
        answer = await tiny.client.get("/api/v1/things/refused", params={"number": 1})
        invalid = await tiny.client.get("/api/v1/things/refused")

    assert (answer.status_code, answer.json()["detail"]) == (409, "/api/v1/things/refused")
    assert invalid.status_code == 422


async def test_a_caller_is_checked_before_the_body_is_parsed() -> None:
    """Without a token a body that is not JSON is a 401, like any other."""
    async with serve_tiny(router) as tiny:
        answer = await tiny.client.post(
            "/api/v1/things/own", content=b"{", headers={"Content-Type": "application/json"}
        )

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
