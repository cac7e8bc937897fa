"""PostgreSQL errors: translated into ``DatabaseUnavailable``, or raised unchanged but without the values of rows."""

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
"""The parts of messages of PostgreSQL and asyncpg that contain values."""

_READ_ONLY = "25006"
_INTERNAL = "XX000"
_LOST_TYPE = "cache lookup failed for type"
_UNAVAILABLE = re.compile(
    r"08...|28...|53...|57...|58..."  # connections, authentication, resources, operator intervention, the system
    r"|25006|25P03|25P04"  # no longer the primary; a transaction that took too long
    r"|3D000|42501|55000"  # no such database, no privilege, or it accepts no connections
    r"|40001|40003|40P01|55006|55P03"  # conflicts between transactions
)
"""
SQLSTATEs, some by their class, that mean that PostgreSQL cannot serve us now, whatever the statement.

They include a changed password and revoked privileges: neither is a fault of the request.
"""


@contextmanager
def telling_unavailable() -> Iterator[None]:
    """
    Translate errors of a database that cannot serve us now, or refuses our login.

    Raises:
        DatabaseUnavailable: The database is unavailable (503).
    """
    try:
        yield
    except (PoolTimeout, InterfaceError, DriverError, InternalClientError, OSError) as error:
        # asyncpg raises ValueError for a value of a wrong type; an untrusted certificate is a ValueError, too.
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
    return _UNAVAILABLE.fullmatch(getattr(error, "sqlstate", None) or "") is not None or _is_stale(error)


def is_of_useless_connection(error: BaseException | None) -> bool:
    """Whether new connections must replace those of the pool: the server has become a standby, or tables changed."""
    return getattr(error, "sqlstate", None) == _READ_ONLY or _is_stale(error)


def _is_stale(error: BaseException | None) -> bool:
    """Whether the connection has prepared the statement for a table, or for an enum, that was changed since."""
    if isinstance(error, AsyncAdapt_asyncpg_dbapi.InvalidCachedStatementError):
        return True
    return getattr(error, "sqlstate", None) == _INTERNAL and _LOST_TYPE in str(error)


def hide_values(*errors: BaseException | None) -> None:
    """Remove the values of rows from errors of PostgreSQL and asyncpg, because errors are logged."""
    for error in errors:
        if error is not None:
            error.args = tuple(_VALUES.sub(r"\1[hidden]", str(part)) for part in error.args)
            if isinstance(vars(error).get("detail"), str):
                vars(error)["detail"] = None
