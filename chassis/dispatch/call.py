"""
Declared calls: each service lists in its ``calls.py`` its calls, with the body it sends and the fields it reads.

A test checks every declaration against the routes of the called service (tests/test_contracts.py).
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
from chassis.dispatch.transport import Address, Answer, Query, raw_address

_ELSEWHERE = frozenset({"", ".", ".."})
"""Parameters that would change the path: clients resolve dots, even escaped ones."""

Sends = TypeVar("Sends", default=None)
Returns = TypeVar("Returns", default=None)

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Idempotency = Literal["keyed", "repeatable", "unrepeatable"]


@dataclass(frozen=True, slots=True, eq=False)
class Call(Generic[Sends, Returns]):
    """
    A call to another service.

    Attributes:
        path: May contain parameters, as in ``/orders/{order_id}``.
        sends: The type of the body; it may omit fields that the route accepts. None: no body.
        returns: The type of the answer, with the fields that the caller reads. None: the answer is not read.
        query: The names of the allowed query parameters.
        sealed: Encrypt the call. False only for routes that are ``public``.
        timeout_s: Seconds for all attempts together, waits included.
        slow_s: A slower answer counts as a failure of the peer. None: the route is slow by design, and neither slow
            answers nor timeouts count.
        idempotency: The kind of the route: ``keyed`` (each call has an Idempotency-Key), ``repeatable`` or
            ``unrepeatable``. An unrepeatable call is not retried once it may have been sent. The default is
            ``repeatable`` for the methods that RFC 9110 calls idempotent, and ``unrepeatable`` for the others.
        at_once: How many of these calls one process may have under way; further calls wait. None: as many as the
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
        """Build the values that every use of the call needs."""
        names = frozenset(name for _, name, _, _ in Formatter().parse(self.path) if name)
        object.__setattr__(self, "parameters", names)
        object.__setattr__(self, "_body", None if self.sends is None else TypeAdapter(self.sends))
        object.__setattr__(self, "_answer", None if self.returns is None else TypeAdapter(self.returns))
        if self.idempotency is None:
            object.__setattr__(self, "idempotency", "repeatable" if self.method in SAFE_METHODS else "unrepeatable")

    def __str__(self) -> str:
        """Return its name, as in ``POST /api/v1/reservations of product``."""
        return f"{self.method} {self.path} of {self.service}"

    def address(self, base_url: str, parameters: Mapping[str, object], query: Query | None) -> Address:
        """
        Return the address with its parameters and query, escaped.

        Raises:
            TypeError: A parameter is missing or not declared.
            ValueError: A parameter would change the path.
        """
        if parameters.keys() != self.parameters:
            raise TypeError(f"{self}: its parameters are {sorted(self.parameters)}, not {sorted(parameters)}")
        if query and not query.keys() <= set(self.query):
            raise TypeError(f"{self}: its query may have {sorted(self.query)}, not {sorted(query)}")
        path = self.path.format_map(_quoted(parameters)) if parameters else self.path
        return raw_address(base_url, path, urlencode(query, doseq=True) if query else "")

    def encode(self, body: Sends | bytes | None) -> bytes:
        """
        Return the body as JSON; bytes are passed through, as they are JSON already.

        Raises:
            TypeError: The call declares no body and got one, or declares one and got none.
        """
        if (body is None) != (self._body is None):
            raise TypeError(f"{self}: sends {self.sends}")
        if self._body is None or isinstance(body, bytes):
            return cast("bytes | None", body) or b""
        return self._body.dump_json(cast("Sends", body))

    def decode(self, answer: Answer) -> Returns:
        """
        Decode the answer.

        Raises:
            BadGateway: The answer does not match the declared type (502).
        """
        if self._answer is None:
            return cast("Returns", None)
        try:
            return self._answer.validate_python(answer.json())
        except ValueError as error:
            raise BadGateway(f"The {self.service} service returned an answer of an unexpected form.") from error


@dataclass(frozen=True, slots=True)
class Tagged(Generic[Returns]):
    """
    The answer to a read, and what is needed to read it again only if it has changed.

    Attributes:
        tag: Its entity tag, as it was received; None if it has none.
        size: The bytes of its body.
    """

    tag: str | None
    value: Returns
    size: int


def _quoted(parameters: Mapping[str, object]) -> dict[str, str]:
    """Escape the parameters of a path, so that each stays within its segment."""
    quoted = {name: quote(str(value), safe="") for name, value in parameters.items()}
    if not _ELSEWHERE.isdisjoint(quoted.values()):
        raise ValueError(f"{quoted} cannot stand in a path")
    return quoted
