"""Collections of the analytics service and their indexes."""

from pymongo import DESCENDING, IndexModel

from chassis.mongodb import Indexes

EVENTS = "events"
"""``{_id, type, source, subject, user_id, occurred_at, received_at, data}``; the id makes an event count once."""

ERASED_USERS = "erased_users"
"""``{_id, erased_at}``: people whose events must be nobody's, also those that arrive late."""

INDEXES: Indexes = {
    EVENTS: [
        IndexModel([("occurred_at", DESCENDING)]),
        IndexModel([("type", 1), ("occurred_at", DESCENDING)]),
        IndexModel([("user_id", 1), ("occurred_at", DESCENDING)]),
    ]
}
