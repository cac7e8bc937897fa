"""Executing documents of the schema as people, with a dispatcher that counts its calls."""

from dataclasses import dataclass, field
from typing import Any

from chassis.dispatch.call import Call
from chassis.dispatch.dispatcher import Dispatcher
from gateway.caching.etag_store import EtagStore
from gateway.caller import Caller
from gateway.calls import PUBLIC, SHARED
from gateway.graphql.context import Context
from gateway.graphql.schema import SCHEMA
from gateway.parts import Parts
from tests.gateway.parts import UNLIMITED

ADDRESS = "2001:db8:1234:5678:9abc:def0:1234:5678"
BROWSER = "Mozilla/5.0"
OK = 200
Json = dict[str, Any]


async def uncounted(_call: Call[Any, Any]) -> None:
    """Do not limit calls."""


@dataclass(slots=True)
class CountingDispatcher:
    """Makes calls as the gateway does, and lists them."""

    dispatcher: Dispatcher
    calls: list[Call[Any, Any]] = field(default_factory=list)

    async def call(self, call: Call[Any, Any], *body: Any, **options: Any) -> Any:  # noqa: ANN401 - as the real one
        """Make a call."""
        self.calls.append(call)
        return await self.dispatcher.call(call, *body, **options)

    async def read(self, call: Call[Any, Any], **options: Any) -> Any:  # noqa: ANN401
        """Make a conditional read."""
        self.calls.append(call)
        return await self.dispatcher.read(call, **options)


@dataclass(slots=True)
class Reply:
    """The answer to a document."""

    data: Any
    errors: list[Json]

    @property
    def status(self) -> int:
        """The status of the first error; 200 without one."""
        return int(self.errors[0]["extensions"]["status"]) if self.errors else OK

    @property
    def code(self) -> str:
        """The code of the only error."""
        (error,) = self.errors
        return str(error["extensions"]["code"])


@dataclass(frozen=True, slots=True)
class Asking:
    """Executes documents, each in a context of its own."""

    dispatcher: CountingDispatcher
    parts: Parts = UNLIMITED
    stored: EtagStore = field(default_factory=lambda: EtagStore(PUBLIC | SHARED))

    def context(self, headers: dict[str, str] | None = None) -> Context:
        """Return the context of a request with these headers."""
        token = (headers or {}).get("Authorization", "").removeprefix("Bearer ")
        caller = Caller(self.dispatcher, token, ADDRESS, self.stored, uncounted, BROWSER)  # type: ignore[arg-type] # it has both methods
        return Context(caller, self.parts)

    async def __call__(self, document: str, headers: dict[str, str] | None = None, **variables: object) -> Reply:
        """Execute a document as the person of the headers."""
        result = await SCHEMA.execute(document, variable_values=variables, context_value=self.context(headers))
        return Reply(result.data, [error.formatted for error in result.errors or []])  # type: ignore[misc] # a dict
