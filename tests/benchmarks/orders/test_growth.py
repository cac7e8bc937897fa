"""The rows of the growth benchmark, which is not run here, and its judgement of plans."""

from datetime import UTC, datetime

import asyncpg
from fastapi import FastAPI
from pydantic import SecretStr

from analytics.models import EVENTS
from benchmarks.plans import MOST_SORTED, flaws
from benchmarks.scenarios.growth.filling import Content, fill, fill_outbox
from benchmarks.scenarios.growth.rows import TABLES, Sizes
from benchmarks.scenarios.growth.stores import SERVICES_WITH_TABLES
from chassis.core.types import new_id
from chassis.mongodb.database import MongoDB
from cli.checks.invariants import check
from cli.dev.polling import eventually
from cli.dev.postgres import EmbeddedPostgres
from cli.services import find_service
from order.events import OrderConfirmed

SIZES = Sizes(orders=40, movements=200, products=20, users=30, events=7)
EXCEPTIONS = {"reservations": 35, "reservation_lines": 35, "order_transitions": 2 * 40 + 32}
"""Tables with another number of rows: five orders have no stock, and those that are fulfilled had three statuses."""
COUNTED = ("counted", "account is counted", "outbox is empty")
"""In the names of the rules that a bulk insert breaks: it publishes nothing to analytics."""
SCHEMA = """
    SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition, indisvalid
    FROM pg_index JOIN pg_class ON pg_class.oid = indrelid WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint
    ORDER BY name, definition
"""


async def schema(urls: dict[str, SecretStr]) -> list[asyncpg.Record]:
    """Return every index and constraint of all services, with its definition."""
    found = list[asyncpg.Record]()
    for url in urls.values():
        connection = await asyncpg.connect(url.get_secret_value())
        found += await connection.fetch(SCHEMA)
        await connection.close()
    return found


async def rows(url: SecretStr, table: str) -> int:
    """Return the number of rows of a table."""
    connection = await asyncpg.connect(url.get_secret_value())
    count = await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - a name of ours
    await connection.close()
    return int(count)


async def test_filled_databases_are_those_of_a_consistent_shop(
    environment: dict[str, str], postgres: EmbeddedPostgres, clean: None
) -> None:
    """Tables are full, orders, reservations and the ledger agree, and every index and constraint is as migrated."""
    urls = {service: postgres.administrator_url(find_service(service).database) for service in SERVICES_WITH_TABLES}
    content, before = Content(SIZES, datetime.now(UTC), new_id(), "hash"), await schema(urls)

    await fill(urls, content, lambda _: None)

    broken = {
        rule for rule, ids in (await check(environment)).items() if ids and not any(word in rule for word in COUNTED)
    }
    assert broken == set()
    assert await schema(urls) == before
    for table in TABLES:
        wanted = EXCEPTIONS.get(table.name, getattr(SIZES, table.size))
        assert (table.name, await rows(urls[table.service], table.name)) == (table.name, wanted)


async def test_waiting_events_are_such_that_analytics_accepts_them(
    postgres: EmbeddedPostgres, apps: dict[str, FastAPI], clean: None
) -> None:
    """Each is delivered and stored once, as an order's confirmation."""
    content = Content(SIZES, datetime.now(UTC), new_id(), "hash")
    url = postgres.administrator_url("order_service")
    stored: MongoDB = apps["analytics"].state.application.store

    await fill_outbox(url, content, lambda _: None)

    async def are_delivered() -> bool:
        return await rows(url, "outbox") == 0

    assert await eventually(are_delivered)
    async with stored.use() as database:
        found = await database[EVENTS].find({"type": OrderConfirmed.type}).to_list(None)
    assert len({event["subject"] for event in found}) == len(found) == SIZES.events


def test_plans_that_grow_with_a_table_are_found() -> None:
    """A scan of a large table, or a sort of many rows, is found below other nodes; those of few rows are allowed."""
    scans = [{"Node Type": "Seq Scan", "Relation Name": name, "Plan Rows": 1} for name in ("orders", "user_counts")]
    sorts = [{"Node Type": "Sort", "Plan Rows": rows} for rows in (MOST_SORTED, MOST_SORTED + 1)]
    plan = {"Node Type": "Limit", "Plan Rows": 1, "Plans": [{"Node Type": "Append", "Plans": scans + sorts}]}

    assert list(flaws(plan, frozenset({"orders"}))) == ["scans all of orders", "sorts 2,001 rows"]
