"""
Routes for development: ``/api/v1/private/diagnostics/server``, ``…/database``; ``/api/v1/private/schema``, ``…/drift``.

They exist only where ENVIRONMENT is ``local``, and are 404 elsewhere. Secrets in the settings are hidden.
"""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Request
from pydantic import SecretStr

from chassis.application import ForeignTables, application_of
from chassis.core.clock import utc_now
from chassis.core.errors import NotFound
from chassis.web.routing import PlainRoute

_LIBRARIES = ("cryptography", "fastapi", "pydantic", "starlette", "structlog", "tenacity", "uvicorn")
_STARTED = datetime.now(UTC)

router = APIRouter(prefix="/api/v1/private/diagnostics", route_class=PlainRoute, include_in_schema=False)
foreign_tables = APIRouter(prefix="/api/v1/private", route_class=PlainRoute, include_in_schema=False)
"""Routes of services with tables of another owner."""


@router.get("/server")
async def server(request: Request) -> dict[str, Any]:
    """Return versions, the process and the settings, without secrets."""
    settings = application_of(request.app).settings
    return {
        "service": settings.service_name,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}},
        "process": {
            "pid": os.getpid(),
            "workers": settings.processes,
            "started_at": _STARTED,
            "uptime_seconds": round((utc_now() - _STARTED).total_seconds()),
        },
        "settings": {name.upper(): _shown(value) for name, value in settings},
    }


@router.get("/database")
async def database(request: Request) -> dict[str, Any]:
    """
    Return the database's version, and the pool of this process.

    Raises:
        DatabaseUnavailable: The database does not answer (503).
        NotFound: The service has none (404).
    """
    store = application_of(request.app).store
    if store is None:
        raise NotFound("This service has no database.")
    return dict(await store.describe())


@foreign_tables.get("/schema")
async def schema(request: Request) -> dict[str, dict[str, Any]]:
    """Return the columns of the other owner's tables for which the service was built, by table."""
    return {
        table: {name: column.model_dump() for name, column in columns.items()}
        for table, columns in _foreign_tables(request).expected.items()
    }


@foreign_tables.get("/drift")
async def drift(request: Request) -> dict[str, Any]:
    """
    Return what is different in the database, now, and whether requests fail because of it.

    Raises:
        DatabaseUnavailable: The database does not answer (503).
    """
    return {"differences": await _foreign_tables(request).differences()}


def _foreign_tables(request: Request) -> ForeignTables:
    tables = application_of(request.app).tables
    assert tables
    return tables


def _shown(value: object) -> object:
    """Return a setting's value as JSON can have it, with secrets hidden."""
    if isinstance(value, dict):
        return {name: _shown(one) for name, one in value.items()}
    if isinstance(value, SecretStr):
        return str(value)
    return value if value is None or isinstance(value, bool | int | float | list | tuple) else str(value)
