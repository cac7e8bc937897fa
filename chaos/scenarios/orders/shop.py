"""The shop as its clients see it: requests over HTTP that are repeated until they have a definite answer."""

from asyncio import Lock
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus
from random import uniform
from time import monotonic
from typing import Any

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_random

from chassis.core import json as strict_json
from chassis.dispatch.direct import DirectTransport
from chassis.dispatch.errors import IN_FLIGHT
from chassis.dispatch.transport import TransportError, address_of
from cli.services import SERVICES

PATIENCE_S = 90.0
"""Seconds after which a client gives up."""
_ANSWER_S = 10.0
_SOONEST_S, _LATEST_S = 6 * 60.0, 12 * 60.0
"""Seconds after which a person logs in again: tokens live 15 min, and logins should not coincide."""

LOGIN = "/api/v1/users/login"
ORDERS = "/api/v1/orders"
PRODUCTS = "/api/v1/products"
STATS = "/api/v1/analytics/stats"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; *digest* is of its bytes."""

    status: int
    body: dict[str, Any]
    digest: str

    @property
    def code(self) -> str:
        """The code of a problem; empty for a success."""
        return str(self.body.get("code", ""))

    @property
    def is_open(self) -> bool:
        """Whether the answer leaves the outcome of the request open."""
        is_late = self.status in {HTTPStatus.ACCEPTED, HTTPStatus.TOO_MANY_REQUESTS}
        return is_late or self.code == IN_FLIGHT or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR


class Open(Exception):
    """The request must be sent again."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"{reply.status} {reply.code}".strip())
        self.reply = reply


GAVE_UP = (TransportError, Open)
"""Raised if there was no answer in the end."""


@dataclass(eq=False, slots=True)
class Person:
    """A person with an account; *token* is used until *log_in_at*, on the monotonic clock."""

    name: str
    password: str
    token: str = ""
    log_in_at: float = 0.0
    lock: Lock = field(default_factory=Lock)


@dataclass(frozen=True, slots=True)
class Request:
    """A request to a service: a POST if there is a body."""

    service: str
    path: str
    body: Any = None
    person: Person | None = None
    key: str | None = None


class Shop:
    """
    Sends requests to the services.

    Attributes:
        errors: Failures without an answer, counted by kind.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.errors: Counter[str] = Counter()
        self._urls = {service.name: environment[service.url_variable] for service in SERVICES}
        self._transports = {name: DirectTransport() for name in self._urls}
        self._one_login = Lock()  # passwords are slow to verify, and many attempts at once look like an attack

    async def ask(self, request: Request) -> Reply:
        """
        Send a request once.

        Raises:
            TransportError: No answer.
        """
        headers = [("content-type", "application/json")]
        if request.person:
            headers.append(("authorization", f"Bearer {await self._token(request.person)}"))
        if request.key:
            headers.append(("idempotency-key", request.key))
        method, body = ("GET", b"") if request.body is None else ("POST", strict_json.dumps(request.body))
        address = address_of(self._urls[request.service], request.path)
        answer = await self._transports[request.service].send(method, address, headers, body, _ANSWER_S)
        return Reply(answer.status, _json(answer.body), sha256(answer.body).hexdigest())

    async def insist(self, request: Request, *, until_placed: bool = False) -> Reply:
        """
        Repeat a request until it has a definite answer.

        Args:
            until_placed: A 202 is a definite answer.

        Raises:
            GAVE_UP: There was none for too long.
        """

        async def ask() -> Reply:
            reply = await self._noted(request)
            if reply.is_open and not (until_placed and reply.status == HTTPStatus.ACCEPTED):
                raise Open(reply)
            return reply

        again = AsyncRetrying(
            retry=retry_if_exception_type(GAVE_UP),
            wait=wait_random(0.05, 0.5),
            stop=stop_after_delay(PATIENCE_S),
            reraise=True,
        )
        return await again(ask)

    async def log_in(self, person: Person) -> None:
        """Get a person's token before it is needed."""
        await self._token(person)

    async def is_ready(self, service: str) -> bool:
        """Return whether a service is ready."""
        try:
            return (await self.ask(Request(service, "/readyz"))).status == HTTPStatus.OK
        except TransportError:
            return False

    async def aclose(self) -> None:
        """Close every connection."""
        for transport in self._transports.values():
            await transport.aclose()

    async def _noted(self, request: Request) -> Reply:
        """Send a request once, and count failures without an answer."""
        try:
            reply = await self.ask(request)
        except TransportError as error:
            self.errors[f"{request.service}: {type(error).__name__}"] += 1
            raise
        if reply.is_open:
            self.errors[f"{request.service}: {Open(reply)}"] += 1
        return reply

    async def _token(self, person: Person) -> str:
        async with person.lock:
            if monotonic() > person.log_in_at:
                credentials = {"username": person.name, "password": person.password}
                async with self._one_login:
                    reply = await self.insist(Request("user", LOGIN, credentials))
                person.token = reply.body["access_token"]
                person.log_in_at = monotonic() + uniform(_SOONEST_S, _LATEST_S)
            return person.token


def _json(body: bytes) -> dict[str, Any]:
    try:
        parsed = strict_json.loads(body)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
