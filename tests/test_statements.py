"""Every hand-written statement, checked in the migrated database of its service."""

import ast
from pathlib import Path

import asyncpg
import pytest

from benchmarks.plans import statements_of
from chassis.idempotency.key import BeginKey
from chassis.messaging.outbox import Publish, PublishEach
from chassis.postgres.nonces import Nonce
from chassis.postgres.statements import Part
from cli.dev.files import ROOT
from cli.services import SERVICES, Service
from tests.support.statements import statement_table_of

SERVICES_WITH_TABLES = [service for service in SERVICES if service.store == "postgres"]
COLUMNS: dict[type[Part], set[str]] = {
    Nonce: set(),
    BeginKey: {"is_ours", "is_first"},
    Publish: {"published"},
    PublishEach: {"published"},
}
"""Part of the chassis -> the columns that it reads from the rows of its statement."""


@pytest.mark.parametrize("service", SERVICES_WITH_TABLES, ids=lambda service: service.name)
async def test_the_database_understands_every_statement(service: Service, environment: dict[str, str]) -> None:
    """The tables, columns and types of a statement exist, and its rows have the columns that its parts read."""
    statements = statements_of("chassis") | statements_of(service.name)
    read_by = {**COLUMNS, **statement_table_of(service.name).columns}
    connection = await asyncpg.connect(environment[service.store_variable].replace("+asyncpg", ""))
    wrong = dict[str, object]()
    for name, statement in statements.items():
        try:
            prepared = await connection.prepare(statement.sql)
        except asyncpg.PostgresError as error:
            wrong[name] = str(error)
            continue
        columns = {column.name for column in prepared.get_attributes()}
        if missing := {column for part in statement.parts for column in read_by[part]} - columns:
            wrong[name] = missing
    await connection.close()

    assert wrong == {}
    assert len(statements) >= 5


@pytest.mark.parametrize("package", ["chassis", *(service.name for service in SERVICES)])
def test_every_statement_is_made_once_where_it_can_be_found(package: str) -> None:
    """Statements are at the top of a module: one created in a function is compiled on each call, and unchecked here."""
    hidden = [f"{path.relative_to(ROOT)}:{line}" for path in (ROOT / package).rglob("*.py") for line in _hidden(path)]

    assert hidden == []


def _hidden(path: Path) -> list[int]:
    tree = ast.parse(path.read_text())
    on_top = {id(one.value) for one in tree.body if isinstance(one, ast.Assign | ast.AnnAssign)}
    return [
        one.lineno
        for one in ast.walk(tree)
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id == "Statement"
        if id(one) not in on_top
    ]
