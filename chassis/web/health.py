"""
Probes: ``/livez`` (the process runs), ``/readyz`` (it can serve), ``/health`` (a summary for people).

A service that is draining is alive but not ready.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from chassis.core import json as strict_json
from chassis.core.together import together
from chassis.web.routing import PlainRoute

CHECK_TIMEOUT_S = 1.5

Check = Callable[[], Awaitable[None]]
"""Raises when what it checks does not answer."""

router = APIRouter(tags=["health"], route_class=PlainRoute)


@router.get("/livez", operation_id="livez", summary="Is the process alive?")
async def livez() -> dict[str, str]:
    """Answer 200 as long as the event loop turns; depends on nothing."""
    return {"status": "alive"}


@router.get("/readyz", operation_id="readyz", summary="Can it serve?", responses={503: {"description": "Not now"}})
async def readyz(request: Request) -> Response:
    """
    Answer 200 when every dependency answers and the clock is right, else 503 with the names of those that do not.

    The clock is wrong when it differs from the database's and from that of every peer by more than 5 s.
    """
    return _answer(await _report(request), "ready")


@router.get("/health", operation_id="health", summary="How is it?", responses={503: {"description": "Not well"}})
async def health(request: Request) -> Response:
    """Answer like ``/readyz``, with the service's name and environment, and the breaker of each service it calls."""
    settings = request.app.state.settings
    about = {"service": settings.service_name, "environment": settings.environment}
    return _answer({**about, **await _report(request), "targets": request.app.state.dispatcher.targets()}, "healthy")


async def _report(request: Request) -> dict[str, Any]:
    state = request.app.state
    checks: Mapping[str, Check] = state.checks
    results = await together(*(_result(check) for check in checks.values()))
    fault = state.envelope.skew.fault()
    clock = {"clock": f"down ({fault})" if fault else "up"}
    return {"draining": state.draining, "checks": dict(zip(checks, results, strict=True)) | clock}


async def _result(check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            await check()
    except Exception as error:  # noqa: BLE001 - whatever it is, the dependency does not answer
        return f"down ({type(error).__name__})"
    return "up"


def _answer(report: dict[str, Any], well: str) -> Response:
    is_well = not report["draining"] and all(result == "up" for result in report["checks"].values())
    content = {"status": well if is_well else "unavailable", **report}
    return Response(strict_json.dumps(content), 200 if is_well else 503, media_type="application/json")
