"""The meaning of If-Match for a sample document."""

from chassis.mongodb.database import Document
from chassis.web.etag import Tags


def as_read(if_match: Tags | None) -> Document:
    """Return the condition that it has not changed since the caller read it; always true without If-Match."""
    if if_match is None or if_match.any:
        return {}
    return {"$expr": {"$in": [{"$toString": "$version"}, list(if_match.strong)]}}
