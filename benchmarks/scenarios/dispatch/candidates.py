"""The compared ways for a service to call another. To add one, add an entry to ``CANDIDATES``."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection

from benchmarks.load import Connect
from benchmarks.scenarios.dispatch import chassis_service, fastapi_service, grpc_service, transports
from benchmarks.scenarios.dispatch.credentials import Secrets
from chassis.dispatch.transports import TRANSPORTS

Serve = Callable[[Connection, socket.socket, Secrets], None]
"""Runs one server process until it is terminated; sends its port through the pipe once it is ready."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """
    One way for a service to call another.

    Attributes:
        connect: Opens the client, given the ports of its servers on 127.0.0.1 and the run's ``Secrets``.
        colour: In the chart.
        marker: In the chart's lines; a candidate with one is measured with growing answers and workers, too.
    """

    name: str
    serve: Serve
    connect: Connect
    colour: str
    marker: str = ""


_serve_mtls, _serve_grpc = partial(grpc_service.serve, tls=True), partial(grpc_service.serve, tls=False)
_dispatch_sealed, _dispatch, _dispatch_as_person = (
    partial(chassis_service.connect, sealed=True),
    partial(chassis_service.connect, sealed=False),
    partial(chassis_service.connect, sealed=False, as_person=True),
)
_connect_mtls, _connect_grpc = partial(grpc_service.connect, tls=True), partial(grpc_service.connect, tls=False)

CANDIDATES = {
    "a": Candidate("dispatcher, sealed", chassis_service.serve, _dispatch_sealed, "#0b5fa5", "o"),
    "b": Candidate("dispatcher, plain", chassis_service.serve, _dispatch, "#6baed6", "s"),
    "l": Candidate("dispatcher, plain, as a person", chassis_service.serve, _dispatch_as_person, "#9ecae1"),
    "c": Candidate("gRPC, mutual TLS", _serve_mtls, _connect_mtls, "#d95f0e", "^"),
    "d": Candidate("gRPC, plaintext", _serve_grpc, _connect_grpc, "#fdae6b"),
    "e": Candidate("httpx, plain", fastapi_service.serve, fastapi_service.connect_plain, "#969696"),
    "f": Candidate("httpx, Fernet by hand", fastapi_service.serve, fastapi_service.connect_encrypted, "#525252"),
    **{
        key: Candidate(
            f"sealed over {name}", chassis_service.serve, partial(_dispatch_sealed, make_transport=make), colour
        )
        for key, name, make, colour in (
            ("g", "httpx", TRANSPORTS["httpx"], "#31a354"),
            ("h", "httpx's own pool", transports.httpx_default, "#9e9ac8"),
            ("i", "httpx-aiohttp", transports.httpx_aiohttp, "#9e9ac8"),
            ("k", "aiohttp", transports.AiohttpAlone, "#9e9ac8"),
        )
    },
}
"""By the letter in figures and options."""
USUAL = "ablcdefg"
"""
Measured by default: (a), (b) and (l) use the default transport, (g) the other transport that a service can
choose. The rest are transports that a service cannot choose.
"""
MUTUAL_TLS = "c"
"""The candidate whose TLS is checked."""
