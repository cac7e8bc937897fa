"""A service without ENVIRONMENT is in development, and serves its own machine only (docs/decisions/0031)."""

import signal
from ipaddress import IPv6Address, ip_address

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn import Server

from chassis.core.errors import ServiceUnavailable
from chassis.core.problems import answer_error
from chassis.settings import CHOOSE_ENVIRONMENT


class EnvironmentNotSet(ServiceUnavailable):
    """The service is in development by default, and the request came from another machine (503)."""

    code = "environment_not_set"
    message = f"Without ENVIRONMENT a service serves its own machine only. {CHOOSE_ENVIRONMENT}"


class LoopbackOnly:
    """
    Refuses to be reachable from other machines.

    At start-up it refuses uvicorn's ``--host``. Not every server reveals where it will listen, so each request is
    refused as well if it arrives at an address other than loopback.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Start, or serve a request, if only this machine can send one."""
        refusal = EnvironmentNotSet()
        if scope["type"] == "lifespan" and not _is_local(_host_of_uvicorn()):
            await send({"type": "lifespan.startup.failed", "message": refusal.message})
        elif scope["type"] == "http" and not _is_local((scope.get("server") or [None])[0]):
            await answer_error(refusal, scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _host_of_uvicorn() -> str | None:
    """Return the address in the configuration of uvicorn, which handles this process's signals; None elsewhere."""
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return server.config.host if isinstance(server, Server) else None


def _is_local(host: str | None) -> bool:
    """Whether only this machine can connect to *host*: a loopback address, localhost, or not an address (a path)."""
    try:
        address = ip_address((host or "").partition("%")[0])
    except ValueError:
        return True
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback
