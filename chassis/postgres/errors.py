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

from chassis.core.errors import DatabaseUnavailable

_VALUES = re.compile(r"(DETAIL: |query argument \$\d+: |invalid input syntax for [^:]+: |invalid UUID ).*", re.DOTALL)
"""Where values stand in the messages of PostgreSQL and asyncpg."""

_READ_ONLY = "25006"
_UNAVAILABLE = re.compile(
    r"08...|28...|53...|57...|58..."  # connections, who we are, resources, an operator or the end, the system
    r"|25006|25P03|25P04"  # the primary no more; a transaction that took too long
    r"|3D000|42501|55000"  # no such database, no right to it, or it takes no connections
    r"|40001|40003|40P01|55006|55P03"  # in each other's way
)
"""
SQLSTATEs, some by their class, by which PostgreSQL says that it cannot serve us now, whatever was asked.

A password that was changed is among them, as are rights that were revoked: neither is a fault of the request.
"""


@contextmanager
def telling_unavailable() -> Iterator[None]:
    """
    Let it be a 503 if the database cannot serve us now, or does not let us in.

    Raises:
        DatabaseUnavailable: So it is (503).
    """
    try:
        yield
    except (PoolTimeout, InterfaceError, DriverError, InternalClientError, OSError) as error:
        # asyncpg's, of a value that does not fit its type; a certificate that is not trusted is a ValueError, too.
        if isinstance(error, ValueError) and not isinstance(error, SSLError):
            raise
        raise DatabaseUnavailable from error
    except DBAPIError as error:
        if error.connection_invalidated or _is_unavailable(error.orig):
            raise DatabaseUnavailable from error
        raise
    except (PostgresError, AsyncAdapt_asyncpg_dbapi.Error) as error:  # the latter while a bare connection is opened
        if _is_unavailable(error):
            raise DatabaseUnavailable from error
        raise


def _is_unavailable(error: BaseException | None) -> bool:
    return _UNAVAILABLE.fullmatch(getattr(error, "sqlstate", None) or "") is not None


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
