"""Every list and purge at a million rows reads a bounded number of them, however rare the rows it looks for."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from importlib import import_module
from inspect import get_annotations
from typing import Any, cast
from uuid import UUID

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from pydantic import SecretStr
from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import ClauseElement

from benchmarks.plans import flaws, flaws_of_statements, nodes
from chassis.auth.tokens import Identity
from chassis.idempotency.dependency import KEY_EXPIRY
from chassis.messaging.inbox import INBOX_EXPIRY
from chassis.postgres import database as chassis_postgres
from chassis.postgres.database import Postgres
from chassis.postgres.nonces import NONCE_EXPIRY
from chassis.postgres.purge import Expiry
from chassis.web.pagination import PageRequest, Paging, Position
from cli.dev.files import ROOT
from cli.dev.postgres import EmbeddedPostgres
from cli.services import SERVICES
from order.models import OrderStatus
from order.schemas import OrderFilter
from order.services.list_orders import list_orders
from product.expiries import EXPIRIES as PRODUCT_EXPIRIES
from product.schemas import Search, Sort
from product.services.list_movements import list_movements
from product.services.list_products import list_products
from user.audit import AuditKind
from user.expiries import EXPIRIES as USER_EXPIRIES
from user.models import HAS_ORIGIN, AuditEntry
from user.schemas import AuditFilter, UserFilter
from user.services.list_audit import list_audit
from user.services.list_sessions import list_sessions
from user.services.list_users import list_users

ROWS = 1_000_000
MOST_PAGES = 3_000
"""Of 8 KiB, the most that one page of a list may touch: each of these tables has several times as many."""
SERVICES_WITH_TABLES = [service for service in SERVICES if service.store == "postgres"]


def number(n: int) -> UUID:
    """Return the id of the nth row."""
    return UUID(int=n)


_ID = "CAST(lpad(to_hex(n), 32, '0') AS uuid)"
_PERSON = "CAST(lpad(to_hex(n % 50000), 32, '0') AS uuid)"
_EACH = f"FROM generate_series(1, {ROWS}) AS n"
_SOME = "FROM generate_series(1, 200000) AS n"
"""Rows of tables without lists, which are only purged."""
_FEW = "n <= 5"
"""Rare rows are at the end that a list of the newest reads last."""
FILL = {
    "user": (
        f"""INSERT INTO users (id, username, username_key, email, email_key, password_hash, role, is_active)
            SELECT {_ID}, 'p' || n, 'p' || n, 'p' || n || '@x', 'p' || n || '@x', 'x',
                CASE WHEN {_FEW} THEN 'admin' ELSE 'user' END, n NOT BETWEEN 6 AND 9 {_EACH}""",
        f"""INSERT INTO sessions (id, user_id, expires_at, revoked_at)
            SELECT {_ID}, {_PERSON}, now() + interval '1 day', CASE WHEN n % 10 = 0 THEN now() END {_EACH}
            WHERE n % 50000 > 0""",
        f"""INSERT INTO refresh_tokens (token_hash, session_id, used_at, salt)
            SELECT sha256(CAST(CAST(n AS text) AS bytea)), CAST(lpad(to_hex(1 + n % 1000), 32, '0') AS uuid),
                CASE WHEN n % 2 = 0 THEN now() END, CASE WHEN n % 2 = 0 THEN CAST('x' AS bytea) END {_SOME}""",
        f"""INSERT INTO email_tokens (user_id, purpose, token_hash, email, expires_at)
            SELECT {_ID}, 'reset', sha256(CAST(CAST(n AS text) AS bytea)), 'x', now() + interval '1 h' {_SOME}""",
        f"""INSERT INTO familiar_networks (user_id, network, expires_at)
            SELECT {_ID}, CAST('x' AS bytea), now() + interval '1 day' {_SOME}""",
        f"""INSERT INTO throttles (key, attempts, last_at, blocked_until)
            SELECT sha256(CAST(CAST(n AS text) AS bytea)), 1, now(), now() {_SOME}""",
        f"""INSERT INTO audit_entries (id, kind, actor_id, user_id, address)
            SELECT {_ID}, CASE WHEN {_FEW} THEN 'user.deleted' ELSE 'login.succeeded' END,
                CASE WHEN n % 3 = 0 THEN {_PERSON} END, {_PERSON}, '192.0.2.1' {_EACH}""",
    ),
    "product": (
        f"""INSERT INTO products (id, name, price_minor, currency, stock)
            SELECT {_ID}, CASE WHEN {_FEW} THEN 'samovar ' ELSE 'teapot ' END || n, n % 100000, 'EUR',
                n % 100 {_EACH}""",
        f"""INSERT INTO stock_movements (id, product_id, quantity, kind)
            SELECT {_ID}, CAST(lpad(to_hex(1 + n % 10000), 32, '0') AS uuid), 1, 'initial' {_EACH}""",
        f"""INSERT INTO reservations (order_id, state, expires_at)
            SELECT {_ID}, CASE WHEN {_FEW} THEN 'fulfilled' ELSE 'committed' END, now() - interval '1 year' {_SOME}""",
    ),
    "order": (
        f"""INSERT INTO orders (id, user_id, status, cause, currency, total_price_minor)
            SELECT {_ID}, {_PERSON}, CASE WHEN {_FEW} THEN 'expired' ELSE 'fulfilled' END, 'x', 'EUR', 1 {_EACH}""",
        f"""INSERT INTO order_lines (order_id, position, product_id, quantity) SELECT {_ID}, 0, {_ID}, 1 {_EACH}""",
        f"""INSERT INTO order_transitions (order_id, status, cause) SELECT {_ID}, 'pending', 'x' {_EACH}""",
        f"""INSERT INTO outbox (event_id, listener, aggregate, message)
            SELECT {_ID}, 'analytics', CAST(n AS text), '{{}}' {_SOME}""",
        f"""INSERT INTO sealed_requests (issuer, request_id) SELECT 'order', CAST(n AS text) {_SOME}""",
        f"""INSERT INTO inbox (event_id) SELECT {_ID} {_SOME}""",
        f"""INSERT INTO idempotency_keys (caller, operation, key, fingerprint)
            SELECT 'x', 'y', CAST(n AS text), CAST('z' AS bytea) {_SOME}""",
    ),
}


@dataclass(slots=True)
class Reader:
    """A session that explains each statement, and answers all but the query for the list."""

    session: AsyncSession
    plans: list[dict[str, Any]] = field(default_factory=list)

    async def scalars(self, query: Any) -> Any:  # noqa: ANN401 - SQLAlchemy's
        """Explain a query for rows; it returns no entities."""
        self.plans.append(await explain(self.session, query))
        is_list = isinstance(query.column_descriptions[0]["expr"], type)
        return await self.session.scalars(query.limit(0) if is_list else query)

    async def scalar(self, query: Any) -> object:  # noqa: ANN401
        """Explain a query for one value, and run it."""
        self.plans.append(await explain(self.session, query))
        return await self.session.scalar(query)

    async def execute(self, query: Any) -> object:  # noqa: ANN401
        """Explain a query for some columns, or a statement that changes only the session, and run it."""
        self.plans.append(await explain(self.session, query))
        return await self.session.execute(query)


def page(*, after: Position | None = None) -> PageRequest:
    """Return the page of a list after some row; the first one without."""
    return PageRequest(100, after, cast(Any, None), cast(Any, None), b"")


MIDDLE = page(after=Position(number(ROWS // 2)))
ADA = Identity(number(4711), number(1), frozenset())
Ask = Callable[[AsyncSession], Awaitable[object]]
LISTS: dict[str, dict[str, list[Ask]]] = {
    "user": {
        "list_all": [
            lambda session: list_users(session, page(), UserFilter()),
            lambda session: list_users(session, MIDDLE, UserFilter(role="user")),
            lambda session: list_users(session, page(), UserFilter(role="admin")),
            lambda session: list_users(session, page(), UserFilter(role="analyst")),
            lambda session: list_users(session, page(), UserFilter(is_active=False)),
            lambda session: list_users(session, page(), UserFilter(is_active=True)),
            lambda session: list_users(session, page(), UserFilter(role="admin", is_active=False)),
            lambda session: list_users(session, page(), UserFilter(role="user", is_active=False)),
            lambda session: list_users(session, page(), UserFilter(q="p99999")),
            lambda session: list_users(session, page(), UserFilter(q="p")),
            lambda session: list_users(session, page(), UserFilter(q="nobody", role="user", is_active=True)),
        ],
        "read_audit_log": [
            lambda session: list_audit(session, page(), AuditFilter()),
            lambda session: list_audit(session, page(), AuditFilter(kind=AuditKind.DELETED)),
            lambda session: list_audit(session, MIDDLE, AuditFilter(kind=AuditKind.LOGGED_IN)),
            lambda session: list_audit(session, page(), AuditFilter(user_id=number(4711))),
            lambda session: list_audit(session, page(), AuditFilter(user_id=number(4711), kind=AuditKind.DELETED)),
        ],
        "list_own_sessions": [lambda session: list_sessions(session, ADA, page())],
    },
    "product": {
        "list_all": [
            *(lambda session, sort=sort: list_products(session, Search(sort=sort), page()) for sort in Sort),
            lambda session: list_products(session, Search(q="samov"), page()),
            lambda session: list_products(session, Search(q="teapot"), page()),
            lambda session: list_products(session, Search(q="samovar", sort=Sort.CHEAPEST), page()),
            lambda session: list_products(session, Search(min_price=Decimal(999)), page()),
            lambda session: list_products(session, Search(max_price=Decimal(1), sort=Sort.DEAREST), page()),
            lambda session: list_products(session, Search(in_stock=True), page()),
            lambda session: list_products(session, Search(in_stock=False), page()),
        ],
        "list_ledger": [lambda session: list_movements(session, number(4711), page())],
    },
    "order": {
        "list_own": [
            lambda session: list_orders(session, page(), OrderFilter(user_id=number(4711))),
            lambda session: list_orders(
                session, page(), OrderFilter(user_id=number(4711), status=OrderStatus.CANCELLED)
            ),
        ],
        "list_all": [
            lambda session: list_orders(session, page(), OrderFilter()),
            *(
                lambda session, status=status: list_orders(session, page(), OrderFilter(status=status))
                for status in OrderStatus
            ),
        ],
    },
}
"""By service, and by the function of the route: its possible filters."""
_BATCH = func.array(
    select(AuditEntry.id).where(AuditEntry.actor_id == number(4711), HAS_ORIGIN).limit(1000).scalar_subquery()
)
PURGES: dict[str, list[Any]] = {
    "user": [
        *(expiry.delete_batch() for expiry in USER_EXPIRIES),
        *(expiry.overdue_s() for expiry in USER_EXPIRIES),
        update(AuditEntry).where(AuditEntry.id == func.any(_BATCH)).values(address=None),
    ],
    "product": [
        *(statement(expiry) for expiry in PRODUCT_EXPIRIES for statement in (Expiry.delete_batch, Expiry.overdue_s))
    ],
    "order": [
        *(
            statement(expiry)
            for expiry in (NONCE_EXPIRY, KEY_EXPIRY, INBOX_EXPIRY)
            for statement in (Expiry.delete_batch, Expiry.overdue_s)
        )
    ],
}
"""By service: what its periodic work deletes, and how it measures its delay."""


@pytest.fixture(scope="module")
def urls(postgres: EmbeddedPostgres) -> dict[str, str]:
    """A migrated database for each service."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        for service in SERVICES_WITH_TABLES:
            found[service.name] = postgres.create_database(f"plans_{service.name}")
            patch.setenv(service.store_variable, found[service.name])
            command.upgrade(Config(ROOT / service.name / "alembic.ini"), "head")
    return found


@pytest.fixture(scope="module")
async def databases(urls: dict[str, str]) -> AsyncIterator[dict[str, Postgres]]:
    """The same, with a million rows in each table that has lists or grows."""
    async with AsyncExitStack() as stack:
        opened = {}
        for name, url in urls.items():
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(chassis_postgres, "STATEMENT_TIMEOUT_S", 600)
                opened[name] = Postgres(SecretStr(url), name)
                await opened[name].open()
            stack.push_async_callback(opened[name].close)
            for statement in FILL[name]:
                await run(opened[name], statement)
            await run(opened[name], "ANALYZE")
        yield opened


async def run(database: Postgres, statement: str) -> None:
    """Run a statement unchanged."""
    async with database.transaction() as session:
        await (await session.connection()).exec_driver_sql(statement)


async def explain(session: AsyncSession, statement: ClauseElement) -> dict[str, Any]:
    """Return the database's plan, and the number of rows that it reads."""
    sql = statement.compile(dialect=postgresql.asyncpg.dialect(), compile_kwargs={"literal_binds": True})  # type: ignore[no-untyped-call]
    connection = await session.connection()
    found = await connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}")
    plan = found.scalar_one()
    return cast("dict[str, Any]", (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])


def judge(plan: dict[str, Any]) -> None:
    """Fail on a plan that reads or sorts a whole table, also through an index."""
    read = frozenset(node["Relation Name"] for node in nodes(plan) if "Relation Name" in node)
    pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    assert (list(flaws(plan, read)), pages <= MOST_PAGES) == ([], True), json.dumps(plan, indent=1)


@pytest.mark.long
@pytest.mark.parametrize(
    ("service", "route", "case"),
    [
        (service, route, case)
        for service, routes in LISTS.items()
        for route in routes
        for case in range(len(routes[route]))
    ],
)
async def test_a_page_of_a_list_reads_little(
    databases: dict[str, Postgres], service: str, route: str, case: int
) -> None:
    """Each page reads little of a million rows, with any filter, wherever in the list the rare rows are."""
    async with databases[service].transaction() as session:
        reader = Reader(session)
        await LISTS[service][route][case](cast(AsyncSession, reader))

    for plan in reader.plans:
        judge(plan)


@pytest.mark.long
@pytest.mark.parametrize(
    ("service", "case"), [(service, case) for service, purges in PURGES.items() for case in range(len(purges))]
)
async def test_a_purge_finds_what_is_old_by_an_index(databases: dict[str, Postgres], service: str, case: int) -> None:
    """The measurement of the delay uses an index, too, when there is nothing to delete."""
    async with databases[service].transaction() as session:
        plan = await explain(session, PURGES[service][case])
        await session.rollback()

    judge(plan)


@pytest.mark.long
@pytest.mark.parametrize("service", [service.name for service in SERVICES_WITH_TABLES])
async def test_the_plan_that_is_kept_for_a_statement_reads_little(
    databases: dict[str, Postgres], urls: dict[str, str], service: str
) -> None:
    """No ``Statement`` scans or sorts a large table, with the plan that PostgreSQL keeps for all values."""
    assert databases[service].service == service  # they are full

    connection = await asyncpg.connect(urls[service].replace("+asyncpg", ""))
    found = await flaws_of_statements(connection, service)
    await connection.close()

    assert found == []


def test_every_list_is_asked() -> None:
    """A new list must be added above, with its filters."""
    paged = {
        service.name: {
            route.endpoint.__name__
            for router in routers(service.name)
            for route in router.routes
            if Paging in get_annotations(route.endpoint).values()
        }
        for service in SERVICES_WITH_TABLES
    }

    assert paged == {service: set(routes) for service, routes in LISTS.items()}


def routers(service: str) -> Sequence[Any]:
    """Return every router of a service."""
    main = import_module(f"{service}.main")
    return main.ROUTERS if service == "user" else [main.routes.router] if service == "product" else [main.router]
