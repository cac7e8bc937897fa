import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import AnyHttpUrl
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from chassis.core.errors import Conflict
from chassis.core.lifecycle import Periodic, running
from chassis.core.types import Body
from chassis.idempotency.kinds import UNREPEATABLE
from chassis.sealing.access import public
from chassis.web.routing import service_router
from cli.dev.polling import eventually
from tests.chassis.tiny import Tiny, serve_tiny
from tests.support.serving import serve

SECRET = "xyzzy-plugh-4711"
THINGS = "/api/v1/things"
router = service_router("things")


class Login(Body):
    """A body with a secret."""

    password: str


@router.post("", access=public(), idempotency=UNREPEATABLE)
async def fail(login: Login) -> None:
    """Raise an unexpected exception, with the password in a variable and in the message."""
    password = login.password
    try:
        dict[str, str]()[password]
    except KeyError as error:
        raise ZeroDivisionError(f"cannot divide by {password}") from error


@router.get("", access=public())
async def refuse() -> None:
    """Refuse."""
    raise Conflict


@dataclass(slots=True)
class Receiver:
    """A stand-in for Sentry."""

    dsn: str = ""
    reports: list[dict[str, Any]] = field(default_factory=list)
    raw: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Accept an envelope: lines of JSON, of which the last is the event."""
        if scope["type"] == "http":
            body = await Request(scope, receive).body()
            text = (gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body).decode()
            self.raw += text
            self.reports.append(json.loads(text.strip().splitlines()[-1]))
            await JSONResponse({})(scope, receive, send)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver of reports."""
    receiver = Receiver()
    async with serve(receiver) as address:
        receiver.dsn = address.replace("://", "://public@") + "/1"
        yield receiver


@asynccontextmanager
async def reporting(receiver: Receiver) -> AsyncIterator[Tiny]:
    """Run the service; reports are complete when it ends."""
    async with serve_tiny(router, sentry_dsn=AnyHttpUrl(receiver.dsn)) as tiny:
        yield tiny


async def test_an_error_that_nobody_foresaw_is_reported(receiver: Receiver) -> None:
    """A report has the error's type and causes, where it happened, and the request id by which the log is found."""
    async with reporting(receiver) as tiny:
        headers = {"x-request-id": "request-4711"}
        assert (await tiny.client.post(THINGS, json={"password": SECRET}, headers=headers)).status_code == 500

    (report,) = receiver.reports
    errors = report["exception"]["values"]
    assert [error["type"] for error in errors] == ["KeyError", "ZeroDivisionError"]
    assert errors[-1]["stacktrace"]["frames"][-1]["function"] == "fail"
    assert report["tags"] == {"request_id": "request-4711", "event": "unhandled error"}
    assert (report["dist"], report["environment"]) == ("tiny", "local")


async def test_a_report_has_nothing_of_what_was_said(receiver: Receiver) -> None:
    """A report contains no body, header, query, variable or error text, which may quote any of them."""
    async with reporting(receiver) as tiny:
        headers = {"authorization": f"Basic {SECRET}", "cookie": SECRET}
        await tiny.client.post(f"{THINGS}?token={SECRET}", json={"password": SECRET}, headers=headers)

    assert receiver.reports
    assert SECRET not in receiver.raw


async def test_a_refusal_is_not_reported(receiver: Receiver) -> None:
    """An expected refusal is not reported."""
    async with reporting(receiver) as tiny:
        assert (await tiny.client.get(THINGS)).status_code == 409

    assert receiver.reports == []


async def test_work_beside_requests_is_reported_too(receiver: Receiver) -> None:
    """Whatever is logged with a traceback is reported."""

    async def work() -> None:
        raise ZeroDivisionError

    async with reporting(receiver), running([Periodic("divide", 0.01, work)]):

        async def is_reported() -> bool:
            return bool(receiver.reports)

        assert await eventually(is_reported)

    assert receiver.reports[0]["tags"]["event"] == "periodic work failed"
