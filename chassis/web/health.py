"""
Probes: ``/livez`` (the process runs), ``/readyz`` (it can serve), ``/health`` (a summary for people); and ``/metrics``.

A service that is draining is alive but not ready.
"""

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from chassis.application import Application, Check, application_of
from chassis.core import json as strict_json
from chassis.core.errors import SchemaChanged
from chassis.core.together import together
from chassis.telemetry.metrics import exposition
from chassis.web.routing import PlainRoute

CHECK_TIMEOUT_S = 1.5
_UP = "up"

TAG = {"name": "health", "description": "Probes for orchestrators, and metrics for Prometheus."}

router = APIRouter(tags=[TAG["name"]], route_class=PlainRoute)


@router.get("/livez", operation_id="livez", summary="Liveness")
async def livez() -> dict[str, str]:
    """Answer 200 as long as the event loop runs; checks nothing else."""
    return {"status": "alive"}


@router.get("/api/v1/utils/health-check", include_in_schema=False)
async def health_check() -> dict[str, bool]:
    """Answer like ``/livez``, at the address of FastAPI's project template."""
    return {"status": True}


@router.get("/readyz", operation_id="readyz", summary="Readiness", responses={503: {"description": "Not ready"}})
async def readyz(request: Request) -> Response:
    """
    Answer 200 if every dependency answers and the clock is right, else 503 with the names of failed checks.

    The clock is wrong if it differs from the database's and from every peer's by more than 5 s.
    """
    return _answer(await _report(application_of(request.app)), "ready")


@router.get("/health", operation_id="health", summary="Service health", responses={503: {"description": "Not healthy"}})
async def health(request: Request) -> Response:
    """Answer like ``/readyz``, with the service's name and environment, and the breaker of each service it calls."""
    application = application_of(request.app)
    about = {"service": application.settings.service_name, "environment": application.settings.environment}
    return _answer({**about, **await _report(application), "targets": application.dispatcher.targets()}, "healthy")


@router.get("/metrics", operation_id="metrics", summary="Metrics", response_class=Response)
def metrics() -> Response:
    """Return all metrics in Prometheus's text format."""
    return Response(exposition(), media_type=CONTENT_TYPE_LATEST)


async def _report(application: Application) -> dict[str, Any]:
    results = await together(*(_result(check) for check in application.checks.values()))
    fault = application.envelope.skew.fault()
    clock = {"clock": f"down ({fault})" if fault else "up"}
    checks = dict(zip(application.checks, results, strict=True)) | clock
    return {"draining": application.draining.has_begun, "checks": checks}


async def _result(check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            remark = await check()
    except SchemaChanged as error:
        return f"down ({'; '.join(error.differences)})"
    except Exception as error:  # noqa: BLE001 - whatever it is, the dependency does not answer
        return f"down ({type(error).__name__})"
    return f"{_UP} ({remark})" if remark else _UP


def _answer(report: dict[str, Any], well: str) -> Response:
    is_well = not report["draining"] and all(result.startswith(_UP) for result in report["checks"].values())
    content = {"status": well if is_well else "unavailable", **report}
    return Response(strict_json.dumps(content), 200 if is_well else 503, media_type="application/json")
