"""What PostgreSQL refuses, as errors. Give a constraint an error of its own where people need to be told more."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from asyncpg import PostgresError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.core.errors import AppError
from sample_row.errors import (
    ReferenceNotFound,
    RuleViolated,
    StillReferenced,
    ValueInvalid,
    ValueMissing,
    ValueTaken,
)
from sample_row.table import Model

_ERRORS: dict[str, type[AppError]] = {
    "23505": ValueTaken,
    "23P01": ValueTaken,
    "23503": ReferenceNotFound,
    "23001": StillReferenced,
    "23514": RuleViolated,
    "23502": ValueMissing,
    "44000": RuleViolated,  # the condition of a view
    "P0001": RuleViolated,  # RAISE in a trigger
    "54000": ValueInvalid,  # too large for an index
}
"""By SQLSTATE (PostgreSQL, appendix A)."""
_DATA_EXCEPTIONS = "22"
_NOT_OF_AN_ENUM = "22P02"
_NO_DEFERRING = text("SET CONSTRAINTS ALL IMMEDIATE")


@asynccontextmanager
async def explaining_violations(session: AsyncSession) -> AsyncIterator[None]:
    """
    Translate what PostgreSQL refuses; after an error the transaction is over.

    Constraints that are checked at the commit are checked at the end of the block.

    Raises:
        ValueTaken: Other rows have such values (409).
        ReferenceNotFound: A value refers to a missing row (409).
        StillReferenced: Other rows refer to this one (409).
        RuleViolated: A check or a trigger refuses the values (422).
        ValueMissing: A column must have a value (422).
        ValueInvalid: A value does not fit into its column (422).
    """
    try:
        yield
        await session.execute(_NO_DEFERRING)
    except DBAPIError as error:
        cause = getattr(error.orig, "__cause__", None)
        if isinstance(cause, PostgresError) and (explained := _explain(cause)):
            raise explained from error
        raise


def _explain(error: PostgresError) -> AppError | None:
    """Return the error to answer; None if the table may have changed, which the caller of this service cannot mend."""
    state, column = str(error.sqlstate), getattr(error, "column_name", None)
    kind = _ERRORS.get(state)
    if kind is ValueMissing:
        return ValueMissing(f"The column {column} must have a value.") if str(column) in Model.__table__.c else None
    if kind is None:
        return ValueInvalid() if state.startswith(_DATA_EXCEPTIONS) and state != _NOT_OF_AN_ENUM else None
    constraint = getattr(error, "constraint_name", None)
    return kind(f"{kind.message} The constraint is {constraint}." if constraint else None)
