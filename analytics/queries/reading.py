"""Reading events themselves, which is bounded in rows beforehand and in time."""

from collections.abc import Iterator
from contextlib import contextmanager

import pymongo
from pymongo.errors import ExecutionTimeout

from analytics.errors import TooSlow

MOST_EVENTS = 1_000_000
"""More are not read for one answer."""
LONGEST_READ_S = 8.0
"""How long finding an answer may take; a request has ten seconds."""


@contextmanager
def bounded_read() -> Iterator[None]:
    """
    Bound what the block asks of the database in time, together.

    Raises:
        TooSlow: The database gave up (503).
    """
    try:
        with pymongo.timeout(LONGEST_READ_S):
            yield
    except ExecutionTimeout as error:
        raise TooSlow from error
