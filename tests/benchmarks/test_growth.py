"""The rows of the growth benchmark, which is not run here, and its judgement of plans."""

import asyncio
from datetime import UTC, datetime

import asyncpg
from pydantic import SecretStr

from benchmarks.scenarios.growth.filling import Content, fill, fill_outbox
from benchmarks.scenarios.growth.rows import TABLES, Sizes
from benchmarks.scenarios.growth.stores import SERVICES_WITH_TABLES
from chassis.core.types import new_id
from cli.checks.invariants import check, read_facts
from cli.dev.postgres import EmbeddedPostgres
from tests.support.aliases import Empty

SIZES = Sizes(orders=40, movements=200, products=20, users=30, events=7)
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
    urls = {service: postgres.administrator_url(f"{service}_service") for service in SERVICES_WITH_TABLES}
    content, before = Content(SIZES, datetime.now(UTC), new_id(), "hash"), await schema(urls)

    await fill(urls, content, lambda _: None)

    facts = await read_facts(environment)
    broken = {rule for rule, ids in check(facts).items() if ids and not any(word in rule for word in COUNTED)}
    assert broken == set()
    assert await schema(urls) == before
    wanted = {table.name: getattr(SIZES, table.size) for table in TABLES if table.name != "order_transitions"}
    found = await asyncio.gather(*(rows(urls[table.service], table.name) for table in TABLES))
    filled = dict(zip((table.name for table in TABLES), found, strict=True))
    rare = {"reservations": 35, "reservation_lines": 35}
    assert {name: filled[name] for name in wanted} == wanted | rare


async def test_a_waiting_event_is_one_that_analytics_accepts(
    environment: dict[str, str], postgres: EmbeddedPostgres, empty: Empty, clean: None
) -> None:
    """Filled events are delivered by the relay, each once."""
    content = Content(SIZES, datetime.now(UTC), new_id(), "hash")

    await fill_outbox(postgres.administrator_url("order_service"), content, lambda _: None)

    await empty()  # waits until the outbox is
