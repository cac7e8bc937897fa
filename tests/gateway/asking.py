"""Executing documents of the schema as people, with a dispatcher that counts its calls."""

from dataclasses import dataclass, field
from typing import Any

from chassis.dispatch.call import Call
from chassis.dispatch.dispatcher import Dispatcher
from gateway.caller import Caller
from gateway.graphql.context import Context
from gateway.graphql.schema import SCHEMA

ADDRESS = "2001:db8:1234:5678:9abc:def0:1234:5678"
BROWSER = "Mozilla/5.0"
OK = 200
Json = dict[str, Any]


@dataclass(slots=True)
class CountingDispatcher:
    """Makes calls as the gateway does, and lists them."""

    dispatcher: Dispatcher
    calls: list[Call[Any, Any]] = field(default_factory=list)

    async def call(self, call: Call[Any, Any], *body: Any, **options: Any) -> Any:  # noqa: ANN401 - as the real one
        """Make a call."""
        self.calls.append(call)
        return await self.dispatcher.call(call, *body, **options)


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

    def context(self, headers: dict[str, str] | None = None) -> Context:
        """Return the context of a request with these headers."""
        token = (headers or {}).get("Authorization", "").removeprefix("Bearer ")
        return Context(Caller(self.dispatcher, token, ADDRESS, BROWSER))  # type: ignore[arg-type] # it has the one method

    async def __call__(self, document: str, headers: dict[str, str] | None = None, **variables: object) -> Reply:
        """Execute a document as the person of the headers."""
        result = await SCHEMA.execute(document, variable_values=variables, context_value=self.context(headers))
        return Reply(result.data, [error.formatted for error in result.errors or []])  # type: ignore[misc] # a dict
