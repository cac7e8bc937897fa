"""
The access policy of a route (docs/protocol.md, "Route modes"): the form, callers and size of its requests.

Declared at the route::

    @router.post("/register", access=encrypted(), status_code=201)
    async def register(...): ...
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

CLIENT = "client"
"""The name under which trusted external programs make sealed calls; every other peer is a service."""


READS = frozenset({"GET", "HEAD"})
"""Methods whose sealed requests store no nonce (docs/protocol.md, "Replay store")."""


class Mode(StrEnum):
    """Who may call a route, and in which form."""

    SERVICE = "service"
    """Sealed by an allowed service, always."""
    ENCRYPTED = "encrypted"
    """Sealed; plain JSON too if ENCRYPTION_MODE is ``permissive``."""
    OPTIONAL = "optional"
    """Plain or sealed."""
    PUBLIC = "public"
    """Plain."""


@dataclass(frozen=True, slots=True)
class Access:
    """
    The access policy of a route.

    Args:
        callers: The services that may call; empty: every linked one.
        takes_authorization: With mode ``encrypted``, the route accepts plain requests with an ``Authorization``
            header, which it must check.
        plain_if: With mode ``encrypted``, a setting of the service: while it is true, plain requests are accepted.
        max_body: The largest body in bytes, as received and decompressed; None: MAX_BODY_BYTES of the service.
        gzip: Whether a plain body may be compressed (``Content-Encoding: gzip``).
        passes_seals: Sealed requests reach the endpoint unopened: they are meant for another service.
    """

    mode: Mode
    callers: frozenset[str] = frozenset()
    takes_authorization: bool = False
    plain_if: str | None = None
    max_body: int | None = None
    gzip: bool = False
    passes_seals: bool = False

    def needs_seal(self, *, strict: bool, has_authorization: bool, settings: Collection[str] = ()) -> bool:
        """
        Whether a plain request, with or without an ``Authorization`` header, is refused.

        Args:
            settings: The settings of the service that are true.
        """
        is_excused = (self.takes_authorization and has_authorization) or self.plain_if in settings
        return self.mode is Mode.SERVICE or (self.mode is Mode.ENCRYPTED and strict and not is_excused)

    @property
    def takes_seal(self) -> bool:
        """Whether sealed requests are accepted."""
        return self.mode is not Mode.PUBLIC

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

    @property
    def sentence(self) -> str:
        """What requests are accepted, for people."""
        authorized = ", and plain ones with an `Authorization` header" if self.takes_authorization else ""
        plain = f", and plain ones where {self.plain_if.upper()} is true" if self.plain_if else ""
        return {
            Mode.SERVICE: f"Accepts only requests that are sealed by {self.who}.",
            Mode.ENCRYPTED: f"Accepts only sealed requests{authorized}{plain}.",
            Mode.OPTIONAL: "Accepts plain and sealed requests.",
            Mode.PUBLIC: "Accepts plain requests.",
        }[self.mode]


def service(*callers: str) -> Access:
    """Accept only sealed requests, of these services or, if none is named, of every linked service; not the client."""
    return Access(Mode.SERVICE, frozenset(callers))


def encrypted(*, or_authorization: bool = False, plain_if: str | None = None) -> Access:
    """
    Accept sealed requests of any linked peer; plain ones too if ENCRYPTION_MODE is ``permissive``.

    Args:
        or_authorization: Always accept plain ones with an ``Authorization`` header; the route's ``auth`` checks it.
        plain_if: Accept plain ones while this setting of the service, a bool, is true.
    """
    return Access(Mode.ENCRYPTED, takes_authorization=or_authorization, plain_if=plain_if)


def optional() -> Access:
    """Accept plain and sealed requests; a sealed request gets a sealed answer."""
    return Access(Mode.OPTIONAL)


def public() -> Access:
    """Accept only plain requests."""
    return Access(Mode.PUBLIC)
