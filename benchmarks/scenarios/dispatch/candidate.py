"""What a candidate is: a way to serve a product, and a way to fetch it."""

import socket
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from multiprocessing.connection import Connection

from benchmarks.load import Fetch
from benchmarks.scenarios.dispatch.credentials import Secrets

Serve = Callable[[Connection, socket.socket, Secrets], None]
"""Runs one server process until it is terminated; says its port through the pipe once it is ready."""
Connect = Callable[[Sequence[int], Secrets], AbstractAsyncContextManager[Fetch]]
"""Opens the client for servers at these ports of 127.0.0.1."""

TIMEOUT_S = 10.0
"""For a call; the dispatcher's default, and so everybody's who sets one."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way for a service to call another."""

    key: str
    name: str
    serve: Serve
    connect: Connect
