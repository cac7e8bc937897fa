"""A gateway before a service that reports what arrives, without databases."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import httpx
from fastapi import FastAPI, Request
from pydantic import SecretStr

from chassis.app import create_app
from chassis.core.setting_types import ServiceUrl
from chassis.idempotency.kinds import REPEATABLE
from chassis.sealing.access import encrypted, public, service
from chassis.settings import ServiceSettings
from chassis.web.routing import Router, service_router
from gateway.front_door.routes import front_door
from gateway.front_door.table import Open, Table
from tests.sealing.messages import as_setting, make_keys
from tests.support.serving import NoDatabase, serve

KEYS = make_keys("door", "tiny")
THINGS = "/api/v1/things"
SEALED = f"{THINGS}/sealed"
PLAIN = f"{THINGS}/plain"
CLOSED = [f"{THINGS}/closed", f"{THINGS}/{{thing_id}}/inside"]


class DoorSettings(ServiceSettings):
    """The settings of a gateway before the tiny service."""

    service_name: ClassVar[str] = "door"
    peers: ClassVar[frozenset[str]] = frozenset({"tiny"})

    cursor_key: SecretStr = SecretStr("door cursor key")
    otel_traces_sampler_arg: float = 0
    tiny_service_url: ServiceUrl


@dataclass(slots=True)
class Door:
    """
    A running gateway.

    Attributes:
        client: A person.
        seen: The requests that the service has got.
    """

    app: FastAPI
    client: httpx.AsyncClient
    seen: list[dict[str, Any]]


def echoing(seen: list[dict[str, Any]]) -> Router:
    """Return the routes of a service that reports its requests."""
    router = service_router("things")

    async def note(request: Request) -> dict[str, Any]:
        seen.append(
            {
                "path": request.scope["raw_path"].decode("latin-1"),
                "query": request.scope["query_string"].decode("latin-1"),
                "client": request.client and request.client.host,
                "headers": request.headers.items(),
                "body": (await request.body()).decode("latin-1"),
            }
        )
        return seen[-1]

    for path, access in (("/sealed", encrypted()), ("/plain", public())):
        router.get(f"{path}/{{rest:path}}", access=access, response_model=None)(note)
        router.post(path, access=access, idempotency=REPEATABLE, response_model=None)(note)
    router.get("/closed", access=service(), response_model=None)(note)
    router.get("/{thing_id}", access=encrypted(), response_model=None)(note)
    router.get("/{thing_id}/inside", access=service(), response_model=None)(note)
    return router


def opened(path: str, *, sealed: bool, method: str = "GET", **more: Any) -> Open:  # noqa: ANN401 - fields of an entry
    """Return an entry of the table."""
    return Open(
        **{
            "service": "tiny",
            "method": method,
            "path": path,
            "sealed": sealed,
            "idempotency": "repeatable",
            "login": False,
        }
        | more
    )


TABLE = Table(
    open=[
        opened(f"{SEALED}/{{rest:path}}", sealed=True),
        opened(SEALED, sealed=True, method="POST"),
        opened(f"{THINGS}/keyed", sealed=True, method="POST", idempotency="keyed"),
        opened(f"{PLAIN}/{{rest:path}}", sealed=False),
        opened(PLAIN, sealed=False, method="POST", gzip=True),
        opened(f"{THINGS}/{{thing_id}}", sealed=True),
    ],
    closed=CLOSED,
)


@asynccontextmanager
async def serve_door(url: str, table: Table = TABLE, seen: list[dict[str, Any]] | None = None) -> AsyncIterator[Door]:
    """Run a gateway before the service at *url*."""
    settings = DoorSettings(tiny_service_url=url, link_key=as_setting(KEYS), log_level="WARNING")
    app = create_app(settings, NoDatabase(), front_door(table, settings.max_body_bytes))
    async with serve(app) as address, httpx.AsyncClient(base_url=address) as client:
        yield Door(app, client, [] if seen is None else seen)
