"""The gateway's own parts, for its routes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.caching.etag_store import EtagStore
from gateway.graphql.order_feed import OrderFeed
from gateway.rate_limits.limiter import Limiter


@dataclass(frozen=True, slots=True)
class Parts:
    """
    The gateway's own parts.

    Attributes:
        limiter: Counts requests.
        limits: Service, method and path of a route -> its class, where that is not ``default``.
        stored: Answers that are the same for all people.
    """

    limiter: Limiter
    limits: Mapping[tuple[str, str, str], str]
    stored: EtagStore
    # --- about order ---
    feed: OrderFeed = field(default_factory=OrderFeed)
    """Wakes those who follow an order."""
    # --- end about order ---
