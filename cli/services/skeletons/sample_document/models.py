"""Collections of the sample document service and their indexes."""

from pymongo import ASCENDING, DESCENDING, IndexModel

from chassis.mongodb.database import Indexes

SAMPLE_DOCUMENTS = "sample_documents"
"""
``{_id, user_id, name, note, archived, version, created_at, updated_at}``; ids are UUIDs as text.

``version`` changes with each edit, and is the entity tag.
"""

INDEXES: Indexes = {
    SAMPLE_DOCUMENTS: [
        # A page of a person's list is one range of an index.
        IndexModel([("user_id", ASCENDING), ("_id", DESCENDING)]),
        IndexModel([("user_id", ASCENDING), ("archived", ASCENDING), ("_id", DESCENDING)]),
    ]
}
