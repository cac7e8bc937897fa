"""
The statements of the services: how their tables are filled with a million rows, their lists, and what they purge.

Each service with PostgreSQL has a table of them, ``tests/<service>/statements.py``. ``test_plans.py`` tests that they
read little. A new list needs an entry in it, with its filters.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, cast
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth.tokens import Identity
from chassis.postgres.statements import Part
from chassis.web.pagination import PageRequest, Position

ROWS = 1_000_000
ID = "CAST(lpad(to_hex(n), 32, '0') AS uuid)"
PERSON = "CAST(lpad(to_hex(n % 50000), 32, '0') AS uuid)"
EACH = f"FROM generate_series(1, {ROWS}) AS n"
SOME = "FROM generate_series(1, 200000) AS n"
"""Rows of tables without lists, which are only purged."""
FEW = "n <= 5"
"""Rare rows are at the end that a list of the newest reads last."""

Ask = Callable[[AsyncSession], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class StatementTable:
    """
    The statements of a service.

    Args:
        fill: Statements that fill each table that has lists or grows.
        lists: The function of a route -> its list, with each of its possible filters.
        purges: What periodic work deletes, and how it measures its delay.
        columns: Part of a statement -> the columns that it reads from the rows.
    """

    fill: Sequence[str] = ()
    lists: Mapping[str, Sequence[Ask]] = field(default_factory=dict)
    purges: Sequence[Any] = ()
    columns: Mapping[type[Part], set[str]] = field(default_factory=dict)


@cache
def statement_table_of(service: str) -> StatementTable:
    """Return what ``tests/<service>/statements.py`` has; nothing if the service has no such file."""
    module = f"tests.{service}.statements"
    return import_module(module).TABLE if find_spec(module) else StatementTable()


def number(n: int) -> UUID:
    """Return the id of the nth row."""
    return UUID(int=n)


def page(*, after: Position | None = None) -> PageRequest:
    """Return the page of a list after some row; the first one without."""
    return PageRequest(100, after, cast(Any, None), cast(Any, None), b"")


HUNDRED = [number(7919 * n) for n in range(1, 101)]
"""The ids of rows that are far apart."""
MIDDLE = page(after=Position(number(ROWS // 2)))
ADA = Identity(number(4711), number(1), frozenset())
