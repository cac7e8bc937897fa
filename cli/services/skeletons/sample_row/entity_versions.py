"""The version of a sample row, and the meaning of If-Match."""

from sqlalchemy import ColumnElement, String, cast, column, true

from chassis.web.etag import Tags

VERSION = cast(column("xmin"), String)
"""The id of the transaction that wrote the row: PostgreSQL changes it on every change, by any writer."""


def as_read(if_match: Tags | None) -> ColumnElement[bool]:
    """Return the condition that it has not changed since the caller read it; always true without If-Match."""
    if if_match is None or if_match.any:
        return true()
    return VERSION.in_(if_match.strong)
