"""What Prisma's client fills in when it writes a row, and PostgreSQL does not: ids, and ``updatedAt``."""

import secrets
import string
from datetime import datetime

from sqlalchemy import ColumnDefault, Table

from chassis.core.clock import utc_now
from content.orm.tables import Base

_LETTERS = string.ascii_lowercase
_CHARACTERS = _LETTERS + string.digits
_LENGTH = 24


def new_cuid() -> str:
    """Make an id in the form of Prisma's ``cuid(2)``: a letter, then 23 letters and digits, 123 random bits in all."""
    return secrets.choice(_LETTERS) + "".join(secrets.choice(_CHARACTERS) for _ in range(_LENGTH - 1))


def now() -> datetime:
    """Return the time in whole milliseconds, as ``TIMESTAMP(3)`` stores it."""
    time = utc_now()
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def _fill_in(table: Table) -> None:
    table.c["id"].default = ColumnDefault(new_cuid)
    if "updatedAt" in table.c:
        table.c["updatedAt"].default = ColumnDefault(now)
        table.c["updatedAt"].onupdate = ColumnDefault(now, for_update=True)


for _table in Base.metadata.sorted_tables:
    _fill_in(_table)
