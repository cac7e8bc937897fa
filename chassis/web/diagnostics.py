"""
Routes for development: ``/api/v1/private/diagnostics/server`` and ``…/database``.

They exist only where ENVIRONMENT is ``local``, and are 404 elsewhere. Secrets in the settings are hidden.
"""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Request
from pydantic import SecretStr

from chassis.application import application_of
from chassis.core.clock import utc_now
from chassis.core.errors import NotFound
from chassis.web.routing import PlainRoute

_LIBRARIES = ("cryptography", "fastapi", "pydantic", "starlette", "structlog", "tenacity", "uvicorn")
_STARTED = datetime.now(UTC)

router = APIRouter(prefix="/api/v1/private/diagnostics", route_class=PlainRoute, include_in_schema=False)


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


def _shown(value: object) -> object:
    """Return a setting's value as JSON can have it, with secrets hidden."""
    if isinstance(value, dict):
        return {name: _shown(one) for name, one in value.items()}
    if isinstance(value, SecretStr):
        return str(value)
    return value if value is None or isinstance(value, bool | int | float | list | tuple) else str(value)
