"""The gateway's own parts, for its routes."""

from dataclasses import dataclass

from gateway.rate_limits.limiter import Limiter


@dataclass(frozen=True, slots=True)
class Parts:
    """
    The gateway's own parts.

    Attributes:
        limiter: Counts requests.
    """

    limiter: Limiter
