"""
Alembic for a service, whose ``migrations/env.py`` only calls ``run``.

For a model with ``info={"migrate": False}``, autogenerate neither creates nor drops the table.
"""

import asyncio
import os
from collections.abc import Iterable

from alembic import context
from pydantic import SecretStr
from sqlalchemy import Connection, MetaData, pool, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.sql.schema import SchemaItem

from chassis.postgres.dsn import connect, with_asyncpg
from chassis.postgres.tables import chassis_metadata

LOCK = 0x5EA1ED
"""If two migrations start at once, the second waits and then finds nothing to do."""
_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '2s'"
"""A migration fails rather than let every request wait behind its lock; a migration may set another timeout."""


def run(metadata: MetaData | None, url_variable: str, schema: str | None = None) -> None:
    """
    Migrate a service's database to its models and to the chassis's tables.

    Args:
        metadata: The models; None if the service has none of its own.
        url_variable: The environment variable that holds the address.
        schema: The schema with all of these tables, if others own the one that PostgreSQL would create them in. It is
            created if it is missing, and no other is looked at.

    Alembic calls ``on_version_apply`` of ``Config.attributes``, if a program has set it, after each migration.

    Raises:
        SystemExit: The variable is not set, or holds no usable address.
    """
    tables = [chassis_metadata] if metadata is None else [metadata, chassis_metadata]
    if context.is_offline_mode():
        _configure(tables, schema, url="postgresql://", literal_binds=True)
    else:
        asyncio.run(_run_online(tables, schema, _url(url_variable)))


def _url(variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        raise SystemExit(f"{variable} is not set. With the development stack running: set -a; . .dev/env; set +a")
    try:
        return with_asyncpg(SecretStr(value)).get_secret_value()
    except ValueError as error:
        raise SystemExit(f"{variable}: {error}") from None


async def _run_online(tables: list[MetaData], schema: str | None, url: str) -> None:
    engine = create_async_engine(url, poolclass=pool.NullPool, connect_args={"async_creator_fn": connect})
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            await connection.execute(text(_LOCK_TIMEOUT))
            await connection.run_sync(lambda sync: _configure(tables, schema, connection=sync))
    finally:
        await engine.dispose()


def _configure(
    tables: list[MetaData],
    schema: str | None,
    connection: Connection | None = None,
    url: str | None = None,
    *,
    literal_binds: bool = False,
) -> None:
    excluded = _excluded(tables)

    def include(_item: SchemaItem, name: str | None, kind: str, _reflected: bool, _other: SchemaItem | None) -> bool:  # noqa: FBT001 - Alembic's signature
        return not (kind == "table" and name in excluded)

    context.configure(
        connection=connection,
        url=url,
        literal_binds=literal_binds,
        target_metadata=tables,
        include_object=include,
        compare_server_default=True,
        on_version_apply=context.config.attributes.get("on_version_apply"),
    )
    with context.begin_transaction():
        if schema:
            # Not CREATE SCHEMA IF NOT EXISTS: that needs the right to create schemas even if there is nothing to do.
            create = f'IF to_regnamespace(\'"{schema}"\') IS NULL THEN CREATE SCHEMA "{schema}"; END IF;'
            context.execute(f"DO $$ BEGIN {create} END $$")
            context.execute(f'SET LOCAL search_path = "{schema}"')
        context.run_migrations()


def _excluded(tables: Iterable[MetaData]) -> set[str]:
    return {
        table.name for metadata in tables for table in metadata.tables.values() if table.info.get("migrate") is False
    }
