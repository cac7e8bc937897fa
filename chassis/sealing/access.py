"""
Access to a route (docs/protocol.md, "Route modes"): in what form, from whom and how large a request may arrive.

Declared at the route::

    @router.post("/register", access=encrypted(), status_code=201)
    async def register(...): ...
"""

from dataclasses import dataclass
from enum import StrEnum

CLIENT = "client"
"""The name under which trusted programs from outside make sealed calls; every other peer is a service."""


class Mode(StrEnum):
    """Who may speak to a route in which form."""

    SERVICE = "service"
    """Sealed by an allowed service, always."""
    ENCRYPTED = "encrypted"
    """Sealed; plain JSON also where ENCRYPTION_MODE is ``permissive``."""
    OPTIONAL = "optional"
    """Plain or sealed."""
    PUBLIC = "public"
    """Plain."""


@dataclass(frozen=True, slots=True)
class Access:
    """
    What a route demands of the form of its messages.

    Args:
        callers: The services that may call; empty: every linked one.
        takes_authorization: Of mode ``encrypted``, it takes a plain request with an ``Authorization`` header, which the
            route must check.
        max_body: Cap on a body as it arrives and, unpacked, in bytes; None: that of the service (MAX_BODY_BYTES).
        gzip: Whether a plain body may be packed (``Content-Encoding: gzip``).
    """

    mode: Mode
    callers: frozenset[str] = frozenset()
    takes_authorization: bool = False
    max_body: int | None = None
    gzip: bool = False

    def needs_seal(self, *, strict: bool, has_authorization: bool) -> bool:
        """Whether a plain request, with or without an ``Authorization`` header, is refused."""
        is_excused = self.takes_authorization and has_authorization
        return self.mode is Mode.SERVICE or (self.mode is Mode.ENCRYPTED and strict and not is_excused)

    def allows(self, caller: str) -> bool:
        """Whether the peer may call."""
        if self.callers:
            return caller in self.callers
        return self.mode is not Mode.SERVICE or caller != CLIENT

    @property
    def who(self) -> str:
        """The peers that may call sealed, as the routes table prints them."""
        if self.callers:
            return ", ".join(sorted(self.callers))
        return {Mode.SERVICE: "any service", Mode.PUBLIC: "-"}.get(self.mode, "any linked")


def service(*callers: str) -> Access:
    """Take only sealed requests of these services; of every linked service if none is named, never of the client."""
    return Access(Mode.SERVICE, frozenset(callers))


def encrypted(*, or_authorization: bool = False) -> Access:
    """
    Take only sealed requests, of any linked peer; plain ones too where ENCRYPTION_MODE is ``permissive``.

    Args:
        or_authorization: Take plain ones with an ``Authorization`` header everywhere; the route's ``auth`` checks it.
    """
    return Access(Mode.ENCRYPTED, takes_authorization=or_authorization)


def optional() -> Access:
    """Take plain requests and sealed ones; what came sealed is answered sealed."""
    return Access(Mode.OPTIONAL)


def public() -> Access:
    """Take plain requests only."""
    return Access(Mode.PUBLIC)
