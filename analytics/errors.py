"""What can be wrong with a question."""

from chassis.core.errors import InvalidRequest, NotFound, ServiceUnavailable
from chassis.dispatch.errors import RETRY_EXHAUSTED


class EmptyRange(InvalidRequest):
    """The time that is asked about ends before it begins (422)."""

    code = "range_is_empty"
    message = "`from` must be before `to`."


class RangeTooWide(InvalidRequest):
    """More buckets than are answered at once (422)."""

    code = "range_too_wide"
    message = "The range is too wide for its bucket: move `from` and `to` together, or take a larger bucket."


class MinutesGone(InvalidRequest):
    """Buckets of a minute, of a time whose counts are kept by the quarter hour (422)."""

    code = "minutes_gone"
    message = "Counts of minutes are kept for 400 days: move `from`, or take a larger bucket."


class TooManyEvents(InvalidRequest):
    """More events would have to be read than are read for one answer (422)."""

    code = "too_many_events"
    message = "Too many events would have to be read: move `from` and `to` together, or name a `type` or a `user_id`."


class TooSlow(ServiceUnavailable):
    """The database did not find the answer in the time that there is for one (503)."""

    code = "too_slow"
    message = (
        "Our database took too long to find this out. Try again later, or ask for less: move `from` and `to` together, "
        "or name a `type` or a `user_id`."
    )

    def __init__(self) -> None:
        super().__init__(headers={RETRY_EXHAUSTED: "1"})


class ErasureNotFound(NotFound):
    """Nobody of this id was erased (404)."""

    code = "erasure_not_found"
    message = "Nobody of this id was erased."
