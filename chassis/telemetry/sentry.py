"""
Reports of errors that nobody foresaw, to Sentry or what speaks its protocol, where ``SENTRY_DSN`` says.

Without it the SDK is not imported. A report is the kind of error, where in the code it was, and the request's id, by
which the log is found; never a body, a header, a variable or an error's text, which may quote any of them.
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
"""How long the end of a service waits for its last reports to leave."""

_client: "BaseClient | None" = None


@asynccontextmanager
async def reporting(settings: ServiceSettings) -> AsyncIterator[None]:
    """Report during the block, if it is configured; to be entered in the process that serves."""
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
    """Hand an error to the thread that sends reports; *what* is the constant message of its log line."""
    if _client is None:
        return
    from sentry_sdk.utils import event_from_exception  # noqa: PLC0415 - not without a DSN

    event, hint = event_from_exception(error, _client.options)
    event["tags"] = {"request_id": request_context.request_id(), "event": what}
    _client.capture_event(event, hint)


def _make_client(settings: ServiceSettings) -> "BaseClient":
    from sentry_sdk import Client  # noqa: PLC0415 - 150 ms

    assert settings.sentry_dsn
    # No integrations: they patch libraries, and collect what a request, a log line or a statement says. Who somebody is
    # is not sent unless asked for (send_default_pii, deprecated).
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
