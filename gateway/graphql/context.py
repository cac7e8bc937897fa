"""What the resolvers of one request share."""

from dataclasses import dataclass, field

import strawberry
from fastapi import Request

from gateway.caller import Caller, caller_of
from gateway.reads.loaders import Loaders


@dataclass(frozen=True, slots=True)
class Context:
    """
    The context of one request, ``info.context``.

    Attributes:
        caller: Calls services on behalf of the person.
        loaders: Read many things at once.
    """

    caller: Caller
    loaders: Loaders = field(init=False)

    def __post_init__(self) -> None:
        """Create the loaders, which must not outlive the request: they keep what this person may read."""
        object.__setattr__(self, "loaders", Loaders(self.caller))


def make_context(request: Request) -> Context:
    """Return the context of a request."""
    return Context(caller_of(request))


Info = strawberry.Info[Context, None]
