import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import HTTPException
from pydantic import Field

from chassis.core.errors import Conflict
from chassis.core.money import Price
from chassis.core.problems import PROBLEM_JSON, Problem, documented
from chassis.core.types import Body
from chassis.idempotency.kinds import UNREPEATABLE
from chassis.sealing.access import public
from chassis.web.routing import service_router
from cli.dev.polling import eventually
from tests.chassis.tiny import Tiny, serve_tiny

SECRET = "xyzzy-plugh-4711"
THINGS = "/api/v1/things"
JSON = {"Content-Type": "application/json"}
router = service_router("things")


class Thing(Body):
    """A thing with a field of each type."""

    name: str
    count: Annotated[int, Field(ge=0, le=1000)] = 1
    price: Price | None = None


class Things(Body):
    """Several things."""

    things: Annotated[list[Thing], Field(max_length=50)]


class Full(Conflict):
    """There is no room left."""

    code = "full"
    message = "There is no room left."


@router.post("", access=public(), idempotency=UNREPEATABLE)
async def create(thing: Thing) -> Thing:
    """Return the thing."""
    return thing


@router.post("/many", access=public(), idempotency=UNREPEATABLE)
async def create_many(things: Things) -> Things:
    """Return the things."""
    return things


@router.get("/broken", access=public())
async def broken() -> None:
    """Raise an unexpected exception."""
    raise RuntimeError(SECRET)


@router.get("/full", access=public(), responses=documented(Full))
async def full() -> None:
    """Raise an expected error."""
    raise Full(headers={"X-Room": "0"})


@router.get("/teapot", access=public())
async def teapot() -> None:
    """Raise the framework's own error."""
    raise HTTPException(418, SECRET)


@pytest.fixture(scope="module")
async def tiny() -> AsyncIterator[Tiny]:
    """A service with these routes."""
    async with serve_tiny(router) as service:
        yield service


def problem(response: httpx.Response) -> dict[str, Any]:
    """Return the problem document of an error, after checking that it is complete and has the header's request id."""
    document: dict[str, Any] = response.json()
    assert response.headers["content-type"] == PROBLEM_JSON
    assert document.keys() == Problem.model_fields.keys()
    assert document["request_id"] == response.headers["x-request-id"]
    assert document["status"] == response.status_code
    assert document["type"] == f"urn:problem:{document['code']}"
    return document


async def chunks(size: int) -> AsyncIterator[bytes]:
    """Yield a body of unknown length."""
    for _ in range(size // 100):
        yield b" " * 100


async def test_an_unforeseen_error_is_told_to_the_log_alone(tmp_path: Path) -> None:
    """An unexpected exception is answered with an opaque 500; the log has the traceback and the request's id."""
    log = tmp_path / "tiny-service_errors.log"

    async def is_written() -> bool:
        return log.exists() and log.read_text().endswith("\n")

    async with serve_tiny(router, log_dir=tmp_path) as service:
        response = await service.client.get(f"{THINGS}/broken")
        assert await eventually(is_written)

    assert (response.status_code, problem(response)["code"]) == (500, "internal_error")
    assert SECRET not in f"{response.text}{response.headers}"
    (line,) = map(json.loads, log.read_text().splitlines())
    assert line["request_id"] == response.headers["x-request-id"]
    assert "Traceback" in line["exception"]
    assert f"RuntimeError: {SECRET}" in line["exception"]


async def test_a_foreseen_error_says_what_it_is(tiny: Tiny) -> None:
    """The answer has the status, code, message and headers of the exception."""
    response = await tiny.client.get(f"{THINGS}/full")

    assert response.headers["x-room"] == "0"
    assert problem(response) == {
        "type": "urn:problem:full",
        "title": "Full",
        "status": 409,
        "detail": "There is no room left.",
        "code": "full",
        "request_id": response.headers["x-request-id"],
        "errors": [],
    }


async def test_the_framework_s_own_errors_are_problems(tiny: Tiny) -> None:
    """Errors of the framework become our problems, without the framework's text."""
    response = await tiny.client.get(f"{THINGS}/teapot")

    assert problem(response)["code"] == "bad_request"
    assert SECRET not in response.text


@pytest.mark.parametrize(
    ("request_of", "status", "code"),
    [
        ({"method": "GET", "url": "/nothing"}, 404, "not_found"),
        ({"method": "PUT", "url": THINGS}, 405, "method_not_allowed"),
        ({"method": "GET", "url": "/livez%00"}, 400, "bad_request"),
        ({"method": "GET", "url": "/livez?a=%00"}, 400, "bad_request"),
        ({"method": "POST", "url": THINGS, "content": b" " * 1025, "headers": JSON}, 413, "payload_too_large"),
        ({"method": "POST", "url": THINGS, "content": b"{}", "headers": {"Content-Encoding": "gzip"}}, 415, None),
        ({"method": "POST", "url": THINGS, "content": b"{}", "headers": {"Content-Encoding": "identity"}}, 415, None),
        ({"method": "POST", "url": THINGS, "content": b"", "headers": JSON}, 422, "invalid_request"),
        ({"method": "POST", "url": THINGS, "content": b"{}", "headers": {"Content-Type": "text/plain"}}, 415, None),
        ({"method": "POST", "url": THINGS, "json": {}}, 422, "invalid_request"),
    ],
    ids=lambda value: f"{value['method']} {value['url']}" if isinstance(value, dict) else None,
)
async def test_every_error_is_a_problem(tiny: Tiny, request_of: dict[str, Any], status: int, code: str | None) -> None:
    """Errors of routing, of the body and of its values are problems of one form."""
    response = await tiny.client.request(**request_of)

    assert response.status_code == status
    assert problem(response)["code"] == (code or problem(response)["code"])


async def test_a_body_is_counted_while_it_streams(tiny: Tiny) -> None:
    """A body over the cap is refused even if its length is not declared; one below the cap is accepted."""
    over = await tiny.client.post(THINGS, content=chunks(1100), headers=JSON)
    below = await tiny.client.post(THINGS, content=chunks(1000), headers=JSON)

    assert (over.status_code, problem(over)["code"]) == (413, "payload_too_large")
    assert below.status_code == 422


@pytest.mark.parametrize("request_id", ["12345678", "0193b5a2-c7f0-7d5e", "A.b_c-d.e", "x" * 128])
async def test_a_well_formed_request_id_is_kept(tiny: Tiny, request_id: str) -> None:
    """The caller's request id appears in the answer and in problems."""
    response = await tiny.client.get("/nothing", headers={"X-Request-ID": request_id})

    assert problem(response)["request_id"] == request_id


@pytest.mark.parametrize(
    "request_id", [b"", b"1234567", b"x" * 129, b"one two three", b"<script>1</script>", b"\xe9" * 9]
)
async def test_a_malformed_request_id_is_replaced(tiny: Tiny, request_id: bytes) -> None:
    """A request id that could forge a log line is replaced."""
    response = await tiny.client.get("/livez", headers={b"X-Request-ID": request_id})

    made = response.headers["x-request-id"]
    assert len(made) == 32
    assert int(made, 16)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 500 + b"]" * 500,
        b'{"name":' * 100,
        b'{"name":NaN}',
        b'{"name":"a","count":NaN}',
        b'{"name":"a","count":-Infinity}',
        b'{"name":"a","count":1e999}',
        b'{"name":"a","price":1e999}',
        b'{"name":"a","price":1e99999999999999999999}',
        b'{"name":"a","count":' + b"9" * 900 + b"}",
        rb'{"name":"\ud800"}',
        rb'{"\ud800":"a"}',
        rb'{"name":"\u0000"}',
        b'{"name":"a","name":"b"}',
        b'{"name":"\xff"}',
        b"\xff\xfe",
        b"{",
        b"null",
        b'{"name":"a","count":true}',
        b'{"name":"a","count":"1"}',
        b'{"name":"a","count":1.0}',
        b'{"name":"a","colour":"red"}',
    ],
    ids=lambda body: body[:30].decode("latin-1"),
)
async def test_a_hostile_body_is_a_422(tiny: Tiny, body: bytes) -> None:
    """A body on which parsers or types fail is a 422, never a 500."""
    response = await tiny.client.post(THINGS, content=body, headers=JSON)

    assert (response.status_code, problem(response)["code"]) == (422, "invalid_request")


async def test_a_raw_nul_in_a_body_is_a_400(tiny: Tiny) -> None:
    """A body with a NUL byte is refused before it is parsed."""
    response = await tiny.client.post(THINGS, content=b'{"name":"\0"}', headers=JSON)

    assert (response.status_code, problem(response)["code"]) == (400, "bad_request")


async def test_an_invalid_value_is_pointed_at_and_not_repeated(tiny: Tiny) -> None:
    """Each field error has a JSON pointer and states the constraint, but not the value: it may be a password."""
    response = await tiny.client.post(THINGS, json={"name": [SECRET], "price": SECRET, "a/b~c": SECRET})

    errors = {error["pointer"]: error["code"] for error in problem(response)["errors"]}
    assert errors == {"/name": "string_type", "/price": "value_error", "/a~1b~0c": "extra_forbidden"}
    assert SECRET not in response.text


CROWDS = {
    "unknown fields": (b"{%b}" % b",".join(b'"%d":0' % number for number in range(900)), "too_many_fields"),
    "lists": (b'{"name":[%b[]]}' % (b"[]," * 9000), "json_invalid"),
    "values": (b"[%b0]" % (b"0," * 9000), "json_invalid"),
}


@pytest.fixture(scope="module")
async def roomy() -> AsyncIterator[Tiny]:
    """The same service with a larger body cap."""
    async with serve_tiny(router, max_body_bytes=256 * 1024) as service:
        yield service


@pytest.mark.parametrize("name", CROWDS)
async def test_a_crowd_is_refused_as_one(roomy: Tiny, name: str) -> None:
    """A body that would cause thousands of errors or objects is refused early, as one error."""
    body, code = CROWDS[name]
    response = await roomy.client.post(THINGS, content=body, headers=JSON)

    assert response.status_code == 422
    assert [one["code"] for one in problem(response)["errors"]] == [code]


async def test_a_few_unknown_fields_are_named(roomy: Tiny) -> None:
    """A misspelt field is named in the answer; of a list of bad values the first fifty are."""
    fields = await roomy.client.post(THINGS, json={"name": "a", "colour": "red", "size": 1})
    items = await roomy.client.post(f"{THINGS}/many", json={"things": [{"name": 1, "colour": "red"}] * 50})

    assert [one["pointer"] for one in problem(fields)["errors"]] == ["/colour", "/size"]
    assert len(problem(items)["errors"]) == 50


async def test_a_query_has_a_limit(tiny: Tiny) -> None:
    """Two hundred parameters are taken, one more is refused."""
    taken = await tiny.client.get(f"{THINGS}/full?{'&'.join('a' * 200)}")
    refused = await tiny.client.get(f"{THINGS}/full?{'&'.join('a' * 201)}")

    assert taken.status_code == 409
    assert (refused.status_code, problem(refused)["code"]) == (400, "bad_request")
