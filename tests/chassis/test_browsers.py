import re
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.responses import HTMLResponse

from chassis.sealing.access import public
from chassis.web.routing import service_router
from chassis.web.security_headers import page_policy
from tests.chassis.tiny import Tiny, serve_tiny

SECRET = "xyzzy-plugh-4711"
SHOP = "https://shop.example.org"
OWN_POLICY = "default-src 'self'"
router = service_router("things")


@router.get("", access=public())
async def things() -> list[str]:
    """Return data."""
    return []


@router.get("/page", access=public())
async def page() -> HTMLResponse:
    """Return a page with a policy of its own."""
    return HTMLResponse("<p>", headers={"Content-Security-Policy": OWN_POLICY})


@router.get("/broken", access=public())
async def broken() -> None:
    """Raise an unexpected exception."""
    raise RuntimeError(SECRET)


@pytest.fixture(scope="module")
async def tiny() -> AsyncIterator[Tiny]:
    """A service that the shop's pages may call."""
    async with serve_tiny(router, cors_origins=SHOP) as service:
        yield service


@pytest.mark.parametrize("path", ["/api/v1/things", "/api/v1/nothing", "/api/v1/things/broken", "/livez", "/%00"])
async def test_every_answer_is_data_and_nothing_else(tiny: Tiny, path: str) -> None:
    """Every answer, errors included, forbids type sniffing, framing, scripts and referrers."""
    headers = (await tiny.client.get(path)).headers

    assert headers.get_list("x-content-type-options") == ["nosniff"]
    assert headers.get_list("referrer-policy") == ["no-referrer"]
    assert headers.get_list("content-security-policy") == ["default-src 'none'; frame-ancestors 'none'"]


async def test_a_page_keeps_a_policy_of_its_own(tiny: Tiny) -> None:
    """A page's own policy replaces the default one: two policies would allow only what both allow."""
    headers = (await tiny.client.get("/api/v1/things/page")).headers

    assert headers.get_list("content-security-policy") == [OWN_POLICY]
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/docs", "/docs/oauth2-redirect"])
async def test_the_documentation_runs_its_own_scripts_alone(tiny: Tiny, path: str) -> None:
    """The documentation loads files of this server and its own scripts by digest; no inserted script runs."""
    answer = await tiny.client.get(path)
    policy = answer.headers["content-security-policy"]

    assert re.search(r"script-src 'self'( 'sha256-[\w+/]{43}=')+; ", policy)
    assert policy == page_policy(answer.text)
    assert policy != page_policy(answer.text.replace("<script>", "<script>alert(1);"))


async def test_the_bare_address_leads_to_the_documentation(tiny: Tiny) -> None:
    """A browser that opens the address of a service sees its documentation."""
    answer = await tiny.client.get("/")

    assert (answer.status_code, answer.headers["location"]) == (307, "/docs")


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/docs/oauth2-redirect", "/docs/assets/swagger-ui.css", "/openapi.json"]
)
async def test_in_production_there_is_no_documentation(path: str) -> None:
    """In production the documentation, its files and the OpenAPI document are absent."""
    async with serve_tiny(environment="production") as service:
        assert (await service.client.get(path)).status_code == 404


@pytest.mark.parametrize("environment", ["local", "staging", "production"])
async def test_no_answer_shows_a_traceback(environment: str) -> None:
    """An unhandled exception is answered with its request id only, in every environment."""
    async with serve_tiny(router, environment=environment) as service:
        answer = await service.client.get("/api/v1/things/broken")

    assert answer.status_code == 500
    assert SECRET not in answer.text
    assert "Traceback" not in answer.text


async def test_a_page_of_a_listed_origin_may_call(tiny: Tiny) -> None:
    """A listed origin may send a token and an Idempotency-Key, but no cookies."""
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,idempotency-key"}
    answer = await tiny.client.options("/api/v1/things", headers={"Origin": SHOP, **asked})

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("path", ["/api/v1/things", "/api/v1/nothing", "/api/v1/things/broken"])
async def test_a_page_of_a_listed_origin_reads_every_answer(tiny: Tiny, path: str) -> None:
    """A listed origin reads every answer, unhandled errors included, and the headers that a program needs."""
    headers = (await tiny.client.get(path, headers={"Origin": SHOP})).headers

    assert headers["access-control-allow-origin"] == SHOP
    exposed = {
        *("Deprecation", "ETag", "Idempotent-Replayed", "Link", "Location", "Retry-After"),
        *("RateLimit", "RateLimit-Policy", "Sunset", "X-Request-ID"),
    }
    assert set(headers["access-control-expose-headers"].split(", ")) == exposed


@pytest.mark.parametrize("origin", ["https://evil.example.org", "http://shop.example.org", f"{SHOP}.evil.org", "null"])
async def test_a_page_of_another_origin_reads_nothing(tiny: Tiny, origin: str) -> None:
    """The list is exact: another scheme or a longer name is another origin."""
    asked = {"Origin": origin, "Access-Control-Request-Method": "GET"}

    assert allowed(await tiny.client.get("/api/v1/things", headers=asked)) is None
    assert (await tiny.client.options("/api/v1/things", headers=asked)).status_code == 400


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8003", "http://localhost:8003", "https://docs.example.org"])
async def test_the_documentation_of_another_service_may_call(origin: str) -> None:
    """Its page logs in here, under each name of the machine; in production there is no documentation."""
    services = {"product": "http://127.0.0.1:8003", "order": "https://docs.example.org/"}

    async with serve_tiny(router, docs_services=services) as service:
        assert allowed(await service.client.get("/api/v1/things", headers={"Origin": origin})) == origin
    async with serve_tiny(router, docs_services=services, environment="production") as service:
        assert allowed(await service.client.get("/api/v1/things", headers={"Origin": origin})) is None


async def test_without_a_list_no_page_elsewhere_reads_anything() -> None:
    """Without a list CORS is off."""
    async with serve_tiny(router) as service:
        assert allowed(await service.client.get("/api/v1/things", headers={"Origin": SHOP})) is None


def allowed(answer: httpx.Response) -> str | None:
    """Return the origin whose pages may read an answer."""
    origin: str | None = answer.headers.get("access-control-allow-origin")
    return origin
