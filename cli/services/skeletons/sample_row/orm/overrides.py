"""
What the client of the tables' owner fills in when it writes a row, and PostgreSQL does not: ids, and times of change.

Replace it if the owner's client does something else.
"""

from sqlalchemy import Column, ColumnDefault, String, Table, Uuid

from chassis.core.clock import utc_now
from chassis.core.types import new_id
from sample_row.orm.tables import Base


def _fill_in(table: Table) -> None:
    if "id" in table.primary_key.columns and len(table.primary_key.columns) == 1:
        _make_id(table.c["id"])
    for name in ("updatedAt", "updated_at"):
        if name in table.c:
            if table.c[name].server_default is None:
                table.c[name].default = ColumnDefault(utc_now)
            table.c[name].onupdate = ColumnDefault(utc_now, for_update=True)


def _make_id(column: Column[object]) -> None:
    """Make an id that PostgreSQL does not make: a UUID, as text where it is a text of 36 characters or more."""
    if column.server_default is not None or column.foreign_keys:
        return
    if isinstance(column.type, Uuid):
        column.default = ColumnDefault(new_id)
    elif isinstance(column.type, String) and (column.type.length or 36) >= 36:  # noqa: PLR2004 - of a UUID
        column.default = ColumnDefault(lambda: str(new_id()))


for _table in Base.metadata.sorted_tables:
    _fill_in(_table)
