"""When something may have happened."""

from datetime import UTC, datetime, timedelta

from chassis.clock import utc_now

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
MOST_AHEAD = timedelta(days=1)
"""So far may the sender's clock be ahead of ours."""


def check_moment(moment: datetime) -> datetime:
    """
    Give the moment in UTC.

    Raises:
        ValueError: It is before the year 2000, or more than a day ahead.
    """
    if moment < EARLIEST:
        raise ValueError("must not be before the year 2000; is the clock right?")
    if moment - MOST_AHEAD > utc_now():
        raise ValueError("must not be more than a day ahead of now; is the clock right?")
    return moment.astimezone(UTC)
