"""Collections of the analytics service and their indexes (docs/decisions/0017-counts.md)."""

from pymongo import ASCENDING, DESCENDING, IndexModel

from chassis.mongodb.database import Indexes

EVENTS = "events"
"""
``{_id, type, source, subject, user_id, anonymous_id, occurred_at, received_at, data}``; the id prevents duplicates.

Optional fields: ``revenue: {currency, minor}``, the revenue of a confirmed order; ``expires_at``, when the event is
deleted, though it stays counted.
"""

ERASED_USERS = "erased_users"
"""
``{_id, erased_at, events, by_alias, by_visitor}``: accounts whose events are anonymised, late ones too.

``events`` is the number of anonymised events, ``by_alias`` and ``by_visitor`` how many of them had other ids. These
ids have rows of their own: an alias here, ``{_id, erased_at, person}``, and a browser in ``erased_visitors``.
"""

ERASED_VISITORS = "erased_visitors"
"""``{_id, erased_at, person}``: anonymous ids that were linked to an erased account."""

FINAL_COUNTS = "final_counts"
"""``{_id, before}``: counts of the type ``_id`` before this time are final, because its events were deleted there."""

FAILED_MINUTES = "failed_minutes"
"""``{_id, failures, retry_at, changed}``: minutes whose events could not be counted, and when to try again."""

DIRTY_MINUTES = "arrivals"
"""
``{_id, minutes, begun_at, settled_at, counts}``: the dirty minutes of a batch, and when counting them may begin.

``counts`` are those of the events that it added, as in ``minute_counts``, each with the ``people`` of its events;
without them the minutes are recounted.
"""

MINUTE_COUNTS = "minute_counts"
"""
``{minute, type, count, revenue: {currency: minor}, recounted_at}``: the events of a UTC minute.

``recounted_at`` is when its events were last read: never, if it is null; unknown, if it is missing.
"""

DAY_COUNTS = "day_counts"
"""
``{day, type, count, revenue, quarters: {"0" to "95": {count, revenue}}}``: the events of a UTC day.

Quarter hours are kept because the days of every time zone begin at one. Those of long ago, whose minutes are not kept,
have ``recounted_at``.
"""

USER_DAYS = "user_days"
"""``{day, user_id, types}``: the types of events of a person on a UTC day."""

LEASES = "leases"
"""``{_id, holder, until}``: work that one process does at a time."""

WRITE_KEYS = "write_keys"
"""``{_id, name, hashed, created_at, revoked_at}``: keys with which outside programs send events."""

COUNTED = ("occurred_at", "type", "user_id", "revenue.currency", "revenue.minor")
"""The fields of events from which counts are computed."""

INDEXES: Indexes = {
    EVENTS: [
        # Covers counting: without looking up events it is two to four times faster.
        IndexModel([(name, ASCENDING) for name in COUNTED]),
        IndexModel([("type", ASCENDING), ("occurred_at", DESCENDING)]),
        IndexModel([("user_id", ASCENDING), ("occurred_at", DESCENDING), ("_id", DESCENDING)]),
        IndexModel("expires_at", sparse=True),
        # Used by erasures: the visits of a browser, and former ids of a person.
        IndexModel("anonymous_id", partialFilterExpression={"anonymous_id": {"$gt": ""}}),
        IndexModel("data.previousId", partialFilterExpression={"type": "alias"}),
    ],
    ERASED_USERS: [IndexModel("erased_at"), IndexModel("person", sparse=True)],
    ERASED_VISITORS: [IndexModel("erased_at"), IndexModel("person")],
    FINAL_COUNTS: [],
    FAILED_MINUTES: [IndexModel("retry_at")],
    DIRTY_MINUTES: [IndexModel("settled_at")],
    MINUTE_COUNTS: [IndexModel([("minute", ASCENDING), ("type", ASCENDING)], unique=True)],
    DAY_COUNTS: [IndexModel([("day", ASCENDING), ("type", ASCENDING)], unique=True)],
    USER_DAYS: [
        IndexModel([("day", ASCENDING), ("user_id", ASCENDING)], unique=True),
        IndexModel([("user_id", ASCENDING), ("day", ASCENDING)]),
    ],
    LEASES: [],
    WRITE_KEYS: [],
}
