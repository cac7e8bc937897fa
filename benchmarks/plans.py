"""Judging PostgreSQL's plans: what a statement reads must not grow with a table."""

import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import asyncpg

from chassis.postgres.statements import Statement
from cli.dev.files import ROOT

LARGE = 10_000
"""Rows of a table that must not be read from beginning to end."""
MOST_SORTED = 2_000
"""Rows that a plan may sort."""
_LARGE_TABLES = (
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND reltuples >= $1"
)

Plan = Mapping[str, Any]
"""A node of a plan, as EXPLAIN returns it as JSON, with those below it."""


def nodes(plan: Plan) -> list[Plan]:
    """Return a plan's node and all below it."""
    return [plan, *(node for below in plan.get("Plans", ()) for node in nodes(below))]


def flaws(plan: Plan, large: frozenset[str]) -> Iterator[str]:
    """Return the sequential scans of large tables in a plan, and its sorts of more than ``MOST_SORTED`` rows."""
    for node in nodes(plan):
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in large:
            yield f"scans all of {node['Relation Name']}"
        if node["Node Type"] == "Sort" and node.get("Actual Rows", node["Plan Rows"]) > MOST_SORTED:
            yield f"sorts {node.get('Actual Rows', node['Plan Rows']):,.0f} rows"


async def flaws_of_statements(connection: "asyncpg.Connection[asyncpg.Record]", service: str) -> list[str]:
    """Explain every ``Statement`` of a service in its database, with the plan that is kept for any values."""
    large = frozenset(row["relname"] for row in await connection.fetch(_LARGE_TABLES, LARGE))
    found = list[str]()
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    for name, statement in (statements_of("chassis") | statements_of(service)).items():
        found += [f"{name} {flaw}" for flaw in flaws(await _generic_plan(connection, statement), large)]
    return found


async def _generic_plan(connection: "asyncpg.Connection[asyncpg.Record]", statement: Statement) -> Plan:
    parameters = (await connection.prepare(statement.sql)).get_parameters()
    values = f"({', '.join(['NULL'] * len(parameters))})" if parameters else ""
    # Not with an option of EXPLAIN: for a statement with parameters, that does not work in the driver's protocol.
    await connection.execute(f"PREPARE explained AS {statement.sql}")
    plan = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE explained {values}")
    await connection.execute("DEALLOCATE explained")
    found: Plan = json.loads(plan)[0]["Plan"]
    return found


def statements_of(package: str) -> dict[str, Statement]:
    """Return all statements of a package by their names, each once."""
    found: dict[int, tuple[str, Statement]] = {}
    for module in modules_of(package):
        for name, value in vars(import_module(module)).items():
            if isinstance(value, Statement):
                found.setdefault(id(value), (f"{module}.{name}", value))
    return dict(found.values())


def modules_of(package: str) -> Iterator[str]:
    """Return the names of all modules of a package, except its migrations."""
    yield package
    for module in walk_packages([str(ROOT / package)], f"{package}."):
        if ".migrations" not in module.name:
            yield module.name
