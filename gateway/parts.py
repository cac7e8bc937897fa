"""The gateway's own parts, for its routes."""

from dataclasses import dataclass

from gateway.caching.etag_store import EtagStore
from gateway.rate_limits.limiter import Limiter


@dataclass(frozen=True, slots=True)
class Parts:
    """
    The gateway's own parts.

    Attributes:
        limiter: Counts requests.
        stored: Answers that are the same for all people.
    """

    limiter: Limiter
    stored: EtagStore
