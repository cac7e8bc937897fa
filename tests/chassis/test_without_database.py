"""A service without a database (``create_app(settings, None, …)``): what it can do, and what it refuses to declare."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from chassis.app import create_app
from chassis.idempotency.dependency import KEYED
from chassis.idempotency.kinds import REPEATABLE
from chassis.postgres.database import Session
from chassis.sealing.access import encrypted, optional, public, service
from chassis.web.policy import IncompleteRoute
from chassis.web.routing import service_router
from tests.chassis.tiny import TinySettings
from tests.sealing.messages import Forge, as_setting, make_keys, send
from tests.support.serving import serve

router = service_router("things")


@router.get("", access=service("order"))
async def read() -> dict[str, str]:
    """Return something to the order service."""
    return {"name": "cup"}


@router.post("", access=public(), idempotency=REPEATABLE)
async def make() -> dict[str, str]:
    """Calculate something."""
    return {"name": "cup"}


async def test_it_serves_plain_requests_and_sealed_reads() -> None:
    """It is ready without a database; it answers plain writes, and sealed reads, which store no nonce."""
    keys = make_keys("order", "tiny")
    app = create_app(TinySettings(log_level="WARNING", link_key=as_setting(keys)), None, router)

    async with serve(app) as url, httpx.AsyncClient(base_url=url) as client:
        assert (await client.get("/readyz")).json()["checks"] == {"clock": "up"}
        assert (await client.get("/api/v1/private/diagnostics/database")).status_code == 404
        assert (await client.post("/api/v1/things")).json() == {"name": "cup"}
        answer = await send(url, Forge("order", "tiny", keys, "GET", "/api/v1/things").valid())
        assert (answer.status, answer.is_sealed) == (200, True)


async def bare() -> None:
    """Take nothing."""


async def in_one(session: Session) -> None:
    """Take a transaction."""


@pytest.mark.parametrize(
    ("method", "endpoint", "says"),
    [
        ("post", bare, {"access": service("order"), "idempotency": REPEATABLE}),
        ("put", bare, {"access": encrypted()}),
        ("delete", bare, {"access": optional()}),
        ("get", in_one, {"access": public()}),
        ("post", in_one, {"access": public(), "idempotency": KEYED}),
    ],
    ids=["service", "encrypted", "optional", "a session", "a key"],
)
def test_a_route_that_stores_something_keeps_it_from_starting(
    method: str, endpoint: Callable[..., Any], says: dict[str, Any]
) -> None:
    """Sealed writes need a store of nonces that all workers share; keys and sessions need one too."""
    storing = service_router("things")
    getattr(storing, method)("", **says)(endpoint)

    with pytest.raises(IncompleteRoute, match=f"{endpoint.__name__}: say access=public.* without a database"):
        create_app(TinySettings(), None, storing)
