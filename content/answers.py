"""The columns of answers about pages, the version of a page, and who may see it."""

from typing import Any

from sqlalchemy import ColumnElement, DateTime, Label, Text, cast, func, literal_column, true
from sqlalchemy.dialects.postgresql import ARRAY

from chassis.auth.tokens import Identity
from chassis.web.etag import Tags
from content.orm.tables import Page, PageStatus

_UTC: ColumnElement[str] = literal_column("'UTC'")
_RFC_3339 = """'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'"""


def _time(column: Any, name: str) -> Label[Any]:  # noqa: ANN401 - the time of a column without a zone
    # The driver returns it with its zone, without SQLAlchemy's types (chassis/postgres/statements.py).
    return func.timezone(_UTC, column, type_=DateTime(timezone=True)).label(name)


def _time_in_json(column: Any, name: str) -> Label[Any]:  # noqa: ANN401 - likewise
    # As pydantic writes the times of single pages: with six decimals, or none.
    return func.replace(
        func.to_char(column, literal_column(_RFC_3339)), literal_column("'.000000'"), literal_column("''")
    ).label(name)


_FIELDS: tuple[Any, ...] = (
    Page.id.label("id"),
    Page.slug.label("slug"),
    Page.title.label("title"),
    cast(Page.status, Text).label("status"),
    # Prisma reads and writes NULL as an empty list, too.
    func.coalesce(Page.tags, literal_column("'{}'::text[]", ARRAY(Text))).label("tags"),
    cast(Page.author_id, Text).label("author_id"),  # the class of the driver's UUIDs is its own
    Page.section_id.label("section_id"),
)
_TIMES = {"published_at": Page.published_at, "created_at": Page.created_at, "updated_at": Page.updated_at}
SUMMARY: tuple[Any, ...] = (*_FIELDS, *(_time(column, name) for name, column in _TIMES.items()))
"""The columns of ``PageSummary``."""
LISTED: tuple[Any, ...] = (*_FIELDS, *(_time_in_json(column, name) for name, column in _TIMES.items()))
"""The same, with times as JSON has them (RFC 3339)."""
VERSION = literal_column('"Page".xmin::text', Text)
"""
The version of a row: its writing transaction's id, which PostgreSQL sets on every change, by any writer.

``updatedAt`` is set by Prisma's client and by ours, but not by statements written by hand.
"""
ETAG = VERSION.label("etag")
WHOLE: tuple[Any, ...] = (*SUMMARY, Page.body.label("body"), Page.metadata_.label("metadata"), ETAG)
"""The columns of ``PageRead``, and the version."""


def as_read(if_match: Tags | None) -> ColumnElement[bool]:
    """Return the condition that a page has not changed since the caller read it; always true without If-Match."""
    if if_match is None or if_match.any:
        return true()
    return VERSION.in_(if_match.strong)


def is_editor(visitor: Identity | None) -> bool:
    """Whether somebody may see pages that are not published."""
    return visitor is not None and not visitor.roles.isdisjoint(("editor", "admin"))


def visible_to(visitor: Identity | None) -> ColumnElement[bool]:
    """Return the condition that a page is visible: published, or any for editors."""
    return true() if is_editor(visitor) else Page.status == PageStatus.PUBLISHED
