"""
A service in development: one that cannot be imported, built or started answers 503 with the reason.

Otherwise its reloader would hold the port without a worker, and every request would hang until the next edit.
"""

import json
import os
import sys
import traceback
from importlib import import_module

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.core.tracebacks import describe
from cli.dev.ports import BROKEN

SERVICE = "DEVELOPED_SERVICE"
"""The environment variable with the name of the service."""


def build() -> "Guarded":
    """Build the service; uvicorn's factory."""
    return Guarded(os.environ[SERVICE])


class Guarded:
    """The service, or a substitute that answers 503 until the code is corrected."""

    def __init__(self, service: str) -> None:
        """Import and build the service called *service*."""
        self._service = service
        self._app: ASGIApp | None = None
        self._reason = ""
        try:
            self._app = import_module(f"{service}.main").build()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, it is to be mended
            self._break(error)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, or answer with the reason why not."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        elif self._app:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._refuse(send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Start and stop the service; uvicorn is always told that it has started."""
        if self._app and await self._run(self._app, scope, receive, send):
            return
        await send({"type": "lifespan.startup.complete"})
        while (await receive())["type"] != "lifespan.shutdown":
            continue
        await send({"type": "lifespan.shutdown.complete"})

    async def _run(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> bool:
        """Run the service from start to end; returns whether it started."""
        has_started = False

        async def pass_on(message: Message) -> None:
            nonlocal has_started
            has_started = has_started or message["type"] == "lifespan.startup.complete"
            if message["type"] != "lifespan.startup.failed":
                await send(message)

        try:
            await app(scope, receive, pass_on)
        except (Exception, SystemExit) as error:
            if has_started:
                raise
            self._break(error)
        return has_started

    def _break(self, error: BaseException) -> None:
        self._app, self._reason = None, traceback.format_exception_only(error)[-1].strip()
        if _is_of_settings(error):
            mend = (
                "The address or key of a new peer comes by itself in a moment; correct others in .env or settings.py."
            )
            sys.stderr.write(f"{error}\n{mend}\n")
            return
        mend = f"The {self._service} service does not start: see above. Correct it and save: it starts again by itself."
        sys.stderr.write(f"{describe(error)}\n{mend}\n")

    async def _refuse(self, send: Send) -> None:
        problem = {
            "type": "about:blank",
            "title": f"The {self._service} service does not start",
            "status": 503,
            "detail": f"{self._reason} (the terminal has the traceback; an edit starts the service again)",
            "code": BROKEN,
        }
        headers = [(b"content-type", b"application/problem+json"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(problem).encode()})


def _is_of_settings(error: BaseException) -> bool:
    """Whether the message says which variable is wrong. Not imported above: the code of the chassis may be broken."""
    settings = sys.modules.get("chassis.settings")
    return bool(settings) and isinstance(error, getattr(settings, "InvalidSettings", ()))
