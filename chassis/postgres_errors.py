"""What goes wrong with PostgreSQL, in the words of the chassis: unavailable, or as it is but without the values."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from ssl import SSLError

from asyncpg import InterfaceError as DriverError  # SQLAlchemy wraps nothing while a connection is being opened
from asyncpg import InternalClientError, PostgresError
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chassis.store import DatabaseUnavailable

_VALUES = re.compile(r"(DETAIL: |query argument \$\d+: |invalid input syntax for [^:]+: |invalid UUID ).*", re.DOTALL)
"""Where values stand in the messages of PostgreSQL and asyncpg."""

_READ_ONLY = "25006"
_PASSING = frozenset(
    {_READ_ONLY, "08001", "08003", "08006", "40001", "40P01", "53300", "55P03", "57P01", "57P02", "57P03"}
)
"""
SQLSTATEs of what may go well the next time: a connection that broke while it was made, a deadlock, a lock not had in
time, a server that starts, is full, or is the primary no more.
"""


@contextmanager
def telling_unavailable() -> Iterator[None]:
    """
    Let what may go well the next time be a 503.

    Raises:
        DatabaseUnavailable: No connection, or it broke (503).
    """
    try:
        yield
    except (PoolTimeout, InterfaceError, DriverError, InternalClientError, OSError) as error:
        # asyncpg's, of a value that does not fit its type; a certificate that is not trusted is a ValueError, too.
        if isinstance(error, ValueError) and not isinstance(error, SSLError):
            raise
        raise DatabaseUnavailable from error
    except DBAPIError as error:
        if error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _PASSING:
            raise DatabaseUnavailable from error
        raise
    except (PostgresError, AsyncAdapt_asyncpg_dbapi.Error) as error:  # the latter while a bare connection is opened
        if getattr(error, "sqlstate", None) in _PASSING:
            raise DatabaseUnavailable from error
        raise


def is_read_only(error: BaseException | None) -> bool:
    """Whether the server refused to write: it has become a standby, and its connections are good for nothing."""
    return getattr(error, "sqlstate", None) == _READ_ONLY


def hide_values(*errors: BaseException | None) -> None:
    """Take out of errors what PostgreSQL and asyncpg quote of the row: errors end in the log."""
    for error in errors:
        if error is not None:
            error.args = tuple(_VALUES.sub(r"\1[hidden]", str(part)) for part in error.args)
            if isinstance(vars(error).get("detail"), str):
                vars(error)["detail"] = None
