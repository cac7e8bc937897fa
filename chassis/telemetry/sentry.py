"""
Reports of unhandled exceptions to Sentry, or a service with its protocol, at ``SENTRY_DSN``.

Without it the SDK is not imported. A report has the type of the error, its place in the code, and the request's id, by
which its log lines are found; never a body, a header, a variable or an error's text, which may quote any of them.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from chassis.core import context as request_context
from chassis.settings import ServiceSettings

if TYPE_CHECKING:
    from sentry_sdk.client import BaseClient
    from sentry_sdk.types import Event, Hint

FLUSH_S = 2.0
"""How long the shutdown waits for the last reports to be sent, seconds."""

_client: "BaseClient | None" = None


@asynccontextmanager
async def reporting(settings: ServiceSettings) -> AsyncIterator[None]:
    """Report for the block, if configured; enter it in the process that serves."""
    global _client  # noqa: PLW0603 - like logging, there is one per process
    if settings.sentry_dsn is None:
        yield
        return
    _client = _make_client(settings)
    try:
        yield
    finally:
        client, _client = _client, None
        await asyncio.to_thread(client.close, FLUSH_S)


def report(error: BaseException, what: str) -> None:
    """Pass an error to the thread that sends reports; *what* is the constant message of its log line."""
    if _client is None:
        return
    from sentry_sdk.utils import event_from_exception  # noqa: PLC0415 - not without a DSN

    event, hint = event_from_exception(error, _client.options)
    event["tags"] = {"request_id": request_context.request_id(), "event": what}
    _client.capture_event(event, hint)


def _make_client(settings: ServiceSettings) -> "BaseClient":
    from sentry_sdk import Client  # noqa: PLC0415 - 150 ms

    assert settings.sentry_dsn
    # No integrations: they patch libraries, and collect the contents of requests, log lines and statements. Personal
    # data is not sent unless requested (send_default_pii, deprecated).
    return Client(
        str(settings.sentry_dsn),
        environment=settings.environment.value,
        dist=settings.service_name,
        default_integrations=False,
        auto_enabling_integrations=False,
        include_local_variables=False,
        send_client_reports=False,
        before_send=_without_texts,
    )


def _without_texts(event: "Event", _hint: "Hint") -> "Event":
    for error in event["exception"]["values"]:
        error["value"] = ""
    return event
