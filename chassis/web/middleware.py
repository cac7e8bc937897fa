"""The middleware of every request: its id, its log line, and an opaque 500 for unhandled exceptions."""

import re
from collections.abc import Mapping
from time import monotonic

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.application import application_of
from chassis.auth.remote import KEYS_PATH, REVOCATIONS_PATH
from chassis.core.context import RequestContext, enter
from chassis.core.errors import BadRequest
from chassis.core.problems import answer_error
from chassis.core.types import new_id
from chassis.sealing.headers import check_encrypt_response
from chassis.telemetry import tracing
from chassis.telemetry.metrics import observe_cut, observe_request
from chassis.web.answer_headers import headers_added
from chassis.web.security_headers import protect

log = structlog.get_logger("chassis.access")

MOST_PARAMETERS = 200
"""The largest number of parameters in a query."""
_CLIENT_LEFT = 499
"""nginx's status for requests whose client has left."""
_FAILED = 500
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,128}")
_QUIET = frozenset(
    {"/livez", "/readyz", "/health", "/metrics", "/api/v1/utils/health-check", KEYS_PATH, REVOCATIONS_PATH}
)
"""Requested every few seconds by machines: logged at debug level."""


class RequestContextMiddleware:
    """Sets the context of each request, and adds to its answer an ``X-Request-ID`` and security headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; never raises."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        context = _context(dict(scope["headers"]), application_of(scope["app"]).settings.otel_traces_sampler_arg)
        enter(context)
        status, cut_by = 0, _CLIENT_LEFT
        is_answered = False

        async def send_with_id(message: Message) -> None:
            nonlocal status, is_answered
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message["headers"], scope, context)
            await send(message)
            # Here, not at the end: background tasks run after the answer.
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                is_answered = True
                observe_request(scope, status, monotonic() - context.started)
                _log_request(scope, status)
                tracing.end_request(context, status)

        try:
            _check_address(scope)
            check_encrypt_response(scope["headers"])
            await self._app(scope, receive, send_with_id)
        except ClientDisconnect:
            pass  # counted below, like a client that leaves in the middle of the answer
        except Exception as error:
            if not status:
                await answer_error(error, scope, receive, send_with_id)
            else:
                cut_by = _FAILED
                log.exception("request failed after its answer had begun")
        finally:
            if not is_answered:
                _count_cut(scope, cut_by)
            tracing.end_request(context)


def _context(headers: Mapping[bytes, bytes], share: float) -> RequestContext:
    wanted, trace = headers.get(b"x-request-id", b""), headers.get(b"traceparent", b"")
    request_id = wanted.decode() if _REQUEST_ID.fullmatch(wanted) else new_id().hex
    context = RequestContext(request_id)
    context.join_from_outside(trace.decode("latin-1"), share)
    return context


def _add_headers(headers: list[tuple[bytes, bytes]], scope: Scope, context: RequestContext) -> None:
    protect(headers)
    headers.append((b"x-request-id", context.request_id.encode()))
    headers.extend(headers_added(scope))
    if application_of(scope["app"]).draining.has_begun:
        headers.append((b"connection", b"close"))


def _check_address(scope: Scope) -> None:
    """Refuse NUL characters, which no database stores in text, and too many parameters, on all routes."""
    if b"%00" in scope["raw_path"] or b"%00" in scope["query_string"]:
        msg = "The address contains a NUL character (%00)."
        raise BadRequest(msg)
    if scope["query_string"].count(b"&") >= MOST_PARAMETERS:
        msg = f"The query has more than {MOST_PARAMETERS} parameters."
        raise BadRequest(msg)


def _count_cut(scope: Scope, status: int) -> None:
    observe_cut(scope, status)
    if status == _CLIENT_LEFT:
        log.info("client disconnected", method=scope["method"], path=scope["path"])


def _log_request(scope: Scope, status: int) -> None:
    write = log.debug if scope["path"] in _QUIET else log.info
    write("request", method=scope["method"], path=scope["path"], status=status)
