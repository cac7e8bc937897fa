"""HEAD, and the methods of a path."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import pytest
from fastapi import Depends
from starlette.responses import StreamingResponse

from chassis.idempotency.kinds import UNREPEATABLE
from chassis.sealing.access import optional, public
from chassis.web.etag import Tagger, Tagging
from chassis.web.routing import service_router
from tests.chassis.tiny import Tiny, serve_tiny
from tests.sealing.messages import MARK, Forge, Wire, as_setting, make_keys, send

THINGS = "/api/v1/things"
KEYS = make_keys("order", "tiny")
STREAMED: list[str] = []
OPEN: list[str] = []
router = service_router("things")


@router.get("", access=optional())
async def list_things() -> list[str]:
    """List them."""
    return ["cup", "jug"]


@router.post("", access=optional(), idempotency=UNREPEATABLE, status_code=201)
async def make_thing() -> None:
    """Make one."""


@router.post("/special", access=optional(), idempotency=UNREPEATABLE, status_code=204)
async def do_special() -> None:
    """Serve a path of its own."""


@router.delete("/{name}", access=optional(), status_code=204)
async def delete_thing(name: str) -> None:
    """Delete one."""


@router.get("/{name}", access=optional(), response_model=None)
async def read_thing(name: str, tagging: Tagging) -> object:
    """Return one, with an entity tag."""
    return _tagged(tagging, name)


def _tagged(tagging: Tagger, name: str) -> object:
    return tagging.answer({"name": name}, "7")


async def _opened() -> AsyncIterator[None]:
    OPEN.append("opened")
    yield
    OPEN.append("closed")


@router.get("/all/stream", access=public(), response_class=StreamingResponse)
async def stream_things(_opened: Annotated[None, Depends(_opened)]) -> StreamingResponse:
    """Stream without an end."""

    async def chunks() -> AsyncIterator[bytes]:
        STREAMED.append("started")
        while True:
            yield b"cup\n"
            await asyncio.sleep(0)

    return StreamingResponse(chunks(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


@pytest.fixture(scope="module")
async def tiny() -> AsyncIterator[Tiny]:
    """The tiny service with these routes."""
    own = as_setting(KEYS)
    async with serve_tiny(router, link_key=own) as tiny:
        yield tiny


def headers_of(answer: object) -> dict[str, str]:
    """Return the headers that are the same for every request."""
    return {name: value for name, value in answer.headers.items() if name not in {"date", "x-request-id"}}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "path",
    [THINGS, f"{THINGS}/cup", "/livez", "/readyz", "/health", "/docs", "/openapi.json", "/docs/assets/favicon.png"],
)
async def test_head_answers_as_get_does_without_the_body(tiny: Tiny, path: str) -> None:
    """On routes, probes and documentation HEAD has the status and headers of GET, Content-Length included."""
    got, head = await tiny.client.get(path), await tiny.client.head(path)

    assert (head.status_code, headers_of(head), head.content) == (200, headers_of(got), b"")
    assert int(head.headers["content-length"]) == len(got.content) > 0


async def test_head_of_metrics_is_answered(tiny: Tiny) -> None:
    """HEAD of /metrics is answered; each request changes the text, so its length is not compared."""
    head = await tiny.client.head("/metrics")

    assert (head.status_code, head.content) == (200, b"")


async def test_head_says_that_the_reader_has_it(tiny: Tiny) -> None:
    """With the current entity tag HEAD is a 304 like GET."""
    known = await tiny.client.head(f"{THINGS}/cup", headers={"If-None-Match": '"7"'})

    assert (known.status_code, known.headers["etag"]) == (304, '"7"')


async def test_head_starts_no_stream(tiny: Tiny) -> None:
    """HEAD does not start a stream, and the route's resources are released."""
    STREAMED.clear()
    OPEN.clear()

    async with asyncio.timeout(10):
        head = await tiny.client.head(f"{THINGS}/all/stream")

    assert (head.status_code, head.headers["cache-control"]) == (200, "no-store")
    assert head.headers["content-type"].startswith("text/event-stream")
    assert (STREAMED, OPEN) == ([], ["opened", "closed"])


async def test_head_of_what_is_not_there_is_404(tiny: Tiny) -> None:
    """HEAD of an unknown path is a 404."""
    unknown = await tiny.client.head("/nowhere")

    assert (unknown.status_code, unknown.content) == (404, b"")


async def test_a_sealed_head_is_answered_sealed(tiny: Tiny) -> None:
    """The seal binds the method: a sealed HEAD is answered without a body, with its length inside."""
    got = Forge("order", "tiny", KEYS, "GET", THINGS).message()
    head = Forge("order", "tiny", KEYS, "HEAD", THINGS).message()
    url = str(tiny.client.base_url).rstrip("/")

    body = got.open(await send(url, got.wire)).body
    opened = head.open(await send(url, head.wire))

    assert (opened.status, opened.body) == (200, b"")
    assert opened.headers["content-length"] == str(len(body))


@pytest.mark.parametrize(("sealed", "sent"), [("GET", "HEAD"), ("HEAD", "GET")])
async def test_a_seal_for_one_is_none_for_the_other(tiny: Tiny, sealed: str, sent: str) -> None:
    """A sealed GET sent as HEAD is refused as tampered with, and vice versa."""
    wire = Forge("order", "tiny", KEYS, sealed, THINGS).valid()

    answer = await tiny.client.request(sent, THINGS, headers=dict(wire.headers))

    assert answer.status_code == 401
    assert MARK not in answer.headers


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        (THINGS, "PUT", "GET, HEAD, POST"),
        (f"{THINGS}/cup", "POST", "DELETE, GET, HEAD"),
        (f"{THINGS}/cup", "OPTIONS", "DELETE, GET, HEAD"),
        (f"{THINGS}/cup", "PROPFIND", "DELETE, GET, HEAD"),
        (f"{THINGS}/special", "GET", "POST"),
        (f"{THINGS}/special", "DELETE", "POST"),
        ("/livez", "POST", "GET, HEAD"),
        ("/metrics", "DELETE", "GET, HEAD"),
        ("/docs", "POST", "GET, HEAD"),
        ("/openapi.json", "POST", "GET, HEAD"),
        ("/docs/assets/favicon.png", "PUT", "GET, HEAD"),
    ],
)
async def test_allow_names_every_method_of_a_path(tiny: Tiny, path: str, method: str, allowed: str) -> None:
    """The Allow header of a 405 lists the methods of all routes at the path, not only of the first."""
    answer = await send(str(tiny.client.base_url).rstrip("/"), Wire(method, path, ()))

    assert (answer.status, answer.code, dict(answer.headers)["allow"]) == (405, "method_not_allowed", allowed)


async def test_a_path_of_its_own_is_no_parameter(tiny: Tiny) -> None:
    """A literal path takes precedence over a route with a parameter there; neighbouring paths reach the parameter."""
    named = await tiny.client.post(f"{THINGS}/special")
    neighbour = await tiny.client.get(f"{THINGS}/specials")
    head = await tiny.client.head(f"{THINGS}/special")

    assert (named.status_code, neighbour.json(), head.status_code) == (204, {"name": "specials"}, 405)
