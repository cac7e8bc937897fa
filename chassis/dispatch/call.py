"""
Declared calls: each service lists in its ``calls.py`` what it calls, what it sends and what it reads of the answer.

A test holds every declaration against the routes of the service that is called (tests/test_contracts.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Generic, Literal, cast
from urllib.parse import quote, urlencode

from pydantic import TypeAdapter
from typing_extensions import TypeVar

from chassis.core.deadline import DEFAULT_S
from chassis.core.errors import BadGateway
from chassis.dispatch.breaker import SLOW_S
from chassis.dispatch.retry import SAFE_METHODS
from chassis.dispatch.transport import Address, Answer

_ELSEWHERE = frozenset({"", ".", ".."})
"""Parameters that make another path, since clients resolve dots, escaped ones too."""

Sends = TypeVar("Sends", default=None)
Returns = TypeVar("Returns", default=None)

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Idempotency = Literal["keyed", "repeatable", "unrepeatable"]


@dataclass(frozen=True, slots=True, eq=False)
class Call(Generic[Sends, Returns]):
    """
    A call to another service.

    Attributes:
        path: May have parameters, as in ``/orders/{order_id}``.
        sends: The type of the body, which need not have all fields that the route takes; None: no body.
        returns: The type of the answer: the fields that are read of it; None: the answer is not read.
        query: The names of the query parameters that it may have.
        sealed: Encrypt; False only for routes that are ``public``.
        timeout_s: Seconds for all attempts together, waits included.
        slow_s: An answer that takes longer counts against the health of the peer; None: the route is slow by nature,
            and neither a slow answer nor a late one counts.
        idempotency: What the route is: ``keyed`` (each call of it has an Idempotency-Key), ``repeatable`` or
            ``unrepeatable``. A call to the last kind is not repeated once it may have been sent. By default
            ``repeatable`` for the methods that RFC 9110 calls idempotent, and ``unrepeatable`` for the others.
        at_once: How many of these calls may be under way in one process; the others wait. None: as many as the
            connections allow.
    """

    service: str
    method: Method
    path: str
    sends: type[Sends] | None = None
    returns: type[Returns] | None = None
    query: tuple[str, ...] = ()
    sealed: bool = True
    timeout_s: float = DEFAULT_S
    slow_s: float | None = SLOW_S
    idempotency: Idempotency | None = None
    at_once: int | None = None
    parameters: frozenset[str] = field(init=False)
    """The names of the path's parameters."""
    _body: TypeAdapter[Sends] | None = field(init=False, repr=False)
    _answer: TypeAdapter[Returns] | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Build once what every call of it needs."""
        names = frozenset(name for _, name, _, _ in Formatter().parse(self.path) if name)
        object.__setattr__(self, "parameters", names)
        object.__setattr__(self, "_body", None if self.sends is None else TypeAdapter(self.sends))
        object.__setattr__(self, "_answer", None if self.returns is None else TypeAdapter(self.returns))
        if self.idempotency is None:
            object.__setattr__(self, "idempotency", "repeatable" if self.method in SAFE_METHODS else "unrepeatable")

    def __str__(self) -> str:
        """Name it, as in ``POST /api/v1/reservations of product``."""
        return f"{self.method} {self.path} of {self.service}"

    def address(
        self, base_url: str, parameters: Mapping[str, object], query: Mapping[str, str | int] | None
    ) -> Address:
        """
        Fill in parameters and query, escaped.

        Raises:
            TypeError: A parameter is missing, or the call declares no such one.
            ValueError: A parameter would make another path.
        """
        if parameters.keys() != self.parameters:
            raise TypeError(f"{self}: its parameters are {sorted(self.parameters)}, not {sorted(parameters)}")
        if query and not query.keys() <= set(self.query):
            raise TypeError(f"{self}: its query may have {sorted(self.query)}, not {sorted(query)}")
        path = self.path.format_map(_quoted(parameters)) if parameters else self.path
        raw_query = urlencode(query) if query else ""
        return Address(f"{base_url}{path}?{raw_query}" if raw_query else base_url + path, path, raw_query)

    def encode(self, body: Sends | bytes | None) -> bytes:
        """
        Write the body as JSON; bytes are JSON already.

        Raises:
            TypeError: A body for a call without one, or none for a call with one.
        """
        if (body is None) != (self._body is None):
            raise TypeError(f"{self}: sends {self.sends}")
        if self._body is None or isinstance(body, bytes):
            return cast("bytes | None", body) or b""
        return self._body.dump_json(cast("Sends", body))

    def decode(self, answer: Answer) -> Returns:
        """
        Read the answer.

        Raises:
            BadGateway: It is not what the call declares (502).
        """
        if self._answer is None:
            return cast("Returns", None)
        try:
            return self._answer.validate_python(answer.json())
        except ValueError as error:
            raise BadGateway(f"The {self.service} service answered with something unexpected.") from error


def _quoted(parameters: Mapping[str, object]) -> dict[str, str]:
    """Escape the parameters of a path: none reaches beyond its place."""
    quoted = {name: quote(str(value), safe="") for name, value in parameters.items()}
    if not _ELSEWHERE.isdisjoint(quoted.values()):
        raise ValueError(f"{quoted} cannot stand in a path")
    return quoted
