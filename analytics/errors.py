"""Errors of queries."""

from chassis.core.errors import InvalidRequest, NotFound, ServiceUnavailable
from chassis.dispatch.errors import RETRY_EXHAUSTED


class EmptyRange(InvalidRequest):
    """The requested range ends before it begins (422)."""

    code = "range_is_empty"
    message = "`from` must be before `to`."


class RangeTooWide(InvalidRequest):
    """The range has more buckets than one answer may have (422)."""

    code = "range_too_wide"
    message = "The range is too wide for its bucket: move `from` and `to` closer together, or use a larger bucket."


class MinutesGone(InvalidRequest):
    """Buckets of a minute were requested for a time whose counts are kept by the quarter hour (422)."""

    code = "minutes_gone"
    message = "Counts by the minute are kept for 400 days: move `from`, or use a larger bucket."


class TooManyEvents(InvalidRequest):
    """The query would have to read more events than one answer may (422)."""

    code = "too_many_events"
    message = "Too many events to read: move `from` and `to` closer together, or name a `type` or a `user_id`."


class TooSlow(ServiceUnavailable):
    """The database did not answer within the time limit of a query (503)."""

    code = "too_slow"
    message = (
        "The database took too long to answer. Try again later, or narrow the query: move `from` and `to` closer "
        "together, or name a `type` or a `user_id`."
    )

    def __init__(self) -> None:
        super().__init__(headers={RETRY_EXHAUSTED: "1"})


class EventNotFound(NotFound):
    """No event has this id, or it was deleted after its retention (404)."""

    code = "event_not_found"
    message = "No stored event has this id."


class ErasureNotFound(NotFound):
    """No person with this id was erased (404)."""

    code = "erasure_not_found"
    message = "No person with this id was erased."
