"""Reading the events themselves, within limits of rows and time."""

from collections.abc import Iterator
from contextlib import contextmanager

import pymongo
from pymongo.errors import ExecutionTimeout

from analytics.errors import TooSlow

MOST_EVENTS = 1_000_000
"""The largest number of events that a query may read."""
LONGEST_READ_S = 8.0
"""How long a query may take, seconds; a request has ten."""


@contextmanager
def bounded_read() -> Iterator[None]:
    """
    Limit the time of all database commands in the block together.

    Raises:
        TooSlow: The time is over (503).
    """
    try:
        with pymongo.timeout(LONGEST_READ_S):
            yield
    except ExecutionTimeout as error:
        raise TooSlow from error
