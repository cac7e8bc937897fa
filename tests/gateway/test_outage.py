"""A service that is down."""

import httpx
import pytest
from fastapi import FastAPI

from gateway.main import build
from tests.support.aliases import Bearer, MakeUser
from tests.support.serving import reserved_port, serve


async def test_a_service_that_is_down_is_named_and_the_others_go_on(
    apps: dict[str, FastAPI], make_user: MakeUser, bearer: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sealed or streamed, its routes are a 503 problem; the gateway stays ready."""
    admin = bearer(await make_user("admin", "admin"))
    with reserved_port() as port:
        monkeypatch.setenv("ANALYTICS_SERVICE_URL", f"http://127.0.0.1:{port}")
        async with serve(build()) as url, httpx.AsyncClient(base_url=url, headers=admin) as client:
            down = [await client.get(path) for path in ("/api/v1/analytics/timeseries", "/dashboard")]
            up = [await client.get(path) for path in ("/api/v1/users/profile", "/.well-known/jwks.json", "/readyz")]

    assert [(one.status_code, one.headers["content-type"], one.json()["code"]) for one in down] == [
        (503, "application/problem+json", "service_unavailable")
    ] * 2
    assert all("analytics" in one.json()["detail"] for one in down)
    assert [one.status_code for one in up] == [200] * 3
