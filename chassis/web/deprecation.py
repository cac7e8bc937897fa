"""Routes that are replaced by others: the headers of their answers, and who still calls them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from functools import cached_property

from prometheus_client import Counter
from starlette.types import Scope

REQUESTS = Counter("http_deprecated_requests", "Requests to deprecated routes.", ["method", "route", "caller"])
_OUTSIDE = "-"


@dataclass(frozen=True)
class Deprecation:
    """
    When a route was replaced, and when it ends; days of UTC.

    Args:
        since: From this day on the answers have a ``Deprecation`` header (RFC 9745); it may be in the future.
        sunset: The day on which the route may be removed; None if it is not decided. ``Sunset`` header (RFC 8594).
    """

    since: date
    sunset: date | None = None

    def __post_init__(self) -> None:
        if self.sunset and self.sunset < self.since:
            raise ValueError("a route must not end before it is deprecated")

    @cached_property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The headers of every answer."""
        headers = [(b"deprecation", b"@%d" % _midnight(self.since).timestamp())]
        if self.sunset:
            headers.append((b"sunset", format_datetime(_midnight(self.sunset), usegmt=True).encode()))
        return headers

    @property
    def sentence(self) -> str:
        """A description for people."""
        return f"Deprecated since {self.since}{f'; may be removed on {self.sunset}' if self.sunset else ''}."


def observe_deprecated(scope: Scope, route: str) -> None:
    """Count a request to a deprecated route, with the linked service that sent it sealed, or ``-`` for all others."""
    REQUESTS.labels(scope["method"], route, scope.get("state", {}).get("caller", _OUTSIDE)).inc()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
