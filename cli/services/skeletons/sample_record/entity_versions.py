"""The meaning of If-Match for a sample record."""

from sqlalchemy import ColumnElement, String, cast, true

from chassis.web.etag import Tags
from sample_record.models import SampleRecord


def as_read(if_match: Tags | None) -> ColumnElement[bool]:
    """Return the condition that it has not changed since the caller read it; always true without If-Match."""
    if if_match is None or if_match.any:
        return true()
    return cast(SampleRecord.version, String).in_(if_match.strong)
