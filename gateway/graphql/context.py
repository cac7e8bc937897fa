"""What the resolvers of one request share."""

from dataclasses import dataclass, field

import strawberry

from gateway.caller import Caller
from gateway.parts import Parts
from gateway.reads.loaders import Loaders


@dataclass(frozen=True, slots=True)
class Context:
    """
    The context of one request, ``info.context``.

    Attributes:
        caller: Calls services on behalf of the person.
        parts: The gateway's own.
        loaders: Read many things at once.
    """

    caller: Caller
    parts: Parts
    loaders: Loaders = field(init=False)

    def __post_init__(self) -> None:
        """Create the loaders, which must not outlive the request: they keep what this person may read."""
        object.__setattr__(self, "loaders", Loaders(self.caller))


Info = strawberry.Info[Context, None]
