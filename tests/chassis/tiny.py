"""A service for tests: the whole chassis, around the routes that a test brings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from chassis.app import create_app
from chassis.application import ForeignTables, Store
from chassis.settings import ServiceSettings
from chassis.web.routing import Router
from tests.support.serving import NoDatabase, serve


class TinySettings(ServiceSettings):
    """The settings of the tiny service."""

    service_name: ClassVar[str] = "tiny"

    cursor_key: SecretStr = SecretStr("tiny cursor key")
    max_body_bytes: int = 1024


@dataclass(frozen=True, slots=True)
class Tiny:
    """The running service and its client."""

    app: FastAPI
    client: httpx.AsyncClient


@asynccontextmanager
async def serve_tiny(
    *routers: Router,
    store: Store | None = None,
    tables: ForeignTables | None = None,
    own: object = None,
    **settings: Any,  # noqa: ANN401
) -> AsyncIterator[Tiny]:
    """Run the tiny service on a real socket."""
    given = TinySettings(**{"log_level": "WARNING", **settings})
    app = create_app(given, store or NoDatabase(), *routers, tables=tables, own=own)
    async with serve(app) as url, httpx.AsyncClient(base_url=url) as client:
        yield Tiny(app, client)
