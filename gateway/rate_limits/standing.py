"""Where a person or an address stands with a rate, and how an answer says so."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from gateway.rate_limits.rates import Rate

_NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Standing:
    """
    Where the units of a rate stand after a request was counted.

    Attributes:
        limit: The class of routes.
        full_in: The time after which all units are free again.
        wait: The time after which a refused request would be admitted; zero if it was admitted.
    """

    limit: str
    rate: Rate
    full_in: timedelta
    wait: timedelta = _NOTHING

    @property
    def is_admitted(self) -> bool:
        """Whether the request may pass."""
        return self.wait == _NOTHING

    @property
    def retry_after_s(self) -> int:
        """The value of ``Retry-After``: whole seconds, at least one."""
        return _seconds(self.wait)

    def headers(self) -> Iterator[tuple[bytes, bytes]]:
        """
        Yield ``RateLimit-Policy`` and ``RateLimit`` (draft-ietf-httpapi-ratelimit-headers-11).

        ``t``, in which no more than ``r`` units can be used, is the time until a further unit is free, or until a
        refused request would be admitted.
        """
        free, since = divmod(self.rate.window - self.full_in, self.rate.unit)
        further = self.wait or self.rate.unit - since
        policy = f'"{self.limit}";q={self.rate.units};w={self.rate.seconds}'
        yield b"ratelimit-policy", policy.encode()
        yield b"ratelimit", f'"{self.limit}";r={max(0, free)};t={_seconds(further)}'.encode()


def _seconds(time: timedelta) -> int:
    return max(1, ceil(time / timedelta(seconds=1)))
