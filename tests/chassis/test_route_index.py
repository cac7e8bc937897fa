"""Finding the route of a request by the beginning of its path."""

import re
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp, Scope

from chassis.web.routing import PlainRoute
from cli.services import SERVICES

METHODS = ("GET", "HEAD", "POST", "PATCH", "DELETE", "BREW")


class Selected(Exception):
    """A route was selected, or none."""


@pytest.fixture
def selecting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Report the selected route in place of serving it."""

    async def select(self: PlainRoute, scope: Scope, *_: object) -> None:
        raise Selected(self.path, scope["path_params"])

    monkeypatch.setattr(PlainRoute, "handle", select)


async def selected(app: FastAPI, router: ASGIApp, method: str, path: str) -> tuple[Any, ...]:
    """Return the path of the selected route, and its parameters."""
    scope = {"type": "http", "app": app, "method": method, "path": path, "raw_path": path.encode(), "query_string": b""}
    sent = list[Any]()

    async def send(message: Any) -> None:  # noqa: ANN401
        sent.append(message["status"])
        raise Selected(*sent)

    try:
        await router({**scope, "headers": []}, None, send)  # type: ignore[arg-type]
    except Selected as found:
        return found.args
    except Exception as refusal:  # noqa: BLE001 - compared
        return (type(refusal),)
    raise AssertionError(path)


@pytest.mark.usefixtures("selecting")
@pytest.mark.parametrize("name", [service.name for service in SERVICES])
async def test_the_index_selects_what_the_framework_does(apps: dict[str, FastAPI], name: str) -> None:
    """For each path that a route has, with and without slashes at the end, and for each method."""
    app = apps[name]
    paths = {re.sub(r"{[^}]*}", "x", route.path) for route in app.routes if isinstance(route, PlainRoute)}
    asked = [
        (method, f"{path}{end}")
        for path in {*paths, "/", "", "/api/v1", "//"}
        for end in ("", "/", "//", "/y")
        for method in METHODS
    ]

    by_index = [await selected(app, app.router, *one) for one in asked]

    assert by_index == [await selected(app, app.router.app, *one) for one in asked]
    assert len(set(map(repr, by_index))) > len(paths) / 2
