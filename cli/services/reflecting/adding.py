"""Adds a table to the copy of the skeleton ``sample_row``."""

import asyncio
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine

from chassis.postgres.dsn import connect
from cli.databases import reason
from cli.dev.postgres import EmbeddedPostgres
from cli.errors import CommandError
from cli.orm.files import TABLES_FILE, write
from cli.orm.generating import generate
from cli.orm.rows import make_up
from cli.orm.source import ask, existing, load, server
from cli.services.reflecting.choosing import choose, read_keys, served_in
from cli.services.reflecting.serving import Served
from cli.services.reflecting.writing import schemas_module, table_module

_SCHEMA = "public"
_TRIAL = "reflected_trial"
_NUMBER = 4711
"""Of the row that is tried: the script may have inserted rows with small ones."""


def add_table(folder: Path, ddl: str, wanted: str | None, command: str) -> str:
    """
    Write what of the service in *folder* depends on its table; returns what a person has to do, if anything.

    Args:
        ddl: The tables, in a script of their owner.
        wanted: The table to serve.
        command: The command of the person, for a message that continues it.

    Raises:
        CommandError: PostgreSQL refuses the script, or the table cannot be served.
    """
    (folder / "schema/schema.sql").write_text(ddl, encoding="utf-8")
    with server() as postgres:
        url = load(postgres, ddl, "--schema", _SCHEMA)
        _create_as_owner(postgres, ddl)
        write(folder / "orm", generate(folder, url.get_secret_value()))
        keys = ask(url, lambda connection: read_keys(connection, _SCHEMA))
        served = choose(served_in(folder / "orm" / TABLES_FILE, keys), wanted, command)
        (folder / "table.py").write_text(table_module(served, folder.name), encoding="utf-8")
        (folder / "schemas.py").write_text(schemas_module(served, folder.name), encoding="utf-8")
        refusal = asyncio.run(_try(url, served))
    if not refusal:
        return ""
    return f"Its tests cannot make up a row of {served.name}: {refusal} SAMPLE is in tests/{folder.name}/conftest.py."


def _create_as_owner(postgres: EmbeddedPostgres, ddl: str) -> None:
    """
    Create the tables as ``make run`` and the tests do.

    Raises:
        CommandError: Their owner may not, as for an extension that only a superuser may create, or that is missing.
    """
    _, url = postgres.create_reflected(_TRIAL, _TRIAL)
    postgres.execute(f"ALTER ROLE {_TRIAL}_owner SET extension_control_path = '$system'")
    try:
        ask(existing(url, _SCHEMA), lambda connection: _run(connection, ddl))
    except CommandError as error:
        raise CommandError(
            f"--schema: in development and in tests, an owner without further rights creates the tables. {error} "
            "Leave that out of the file."
        ) from None


async def _run(connection: AsyncConnection, script: str) -> None:
    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.execute(script)


async def _try(url: SecretStr, served: Served) -> str:
    """Insert a row that is made up; returns why that failed."""
    engine = create_async_engine(url.get_secret_value(), connect_args={"async_creator_fn": connect})
    try:
        async with AsyncSession(engine) as session:
            await session.execute(
                insert(served.table).values(await make_up(session, served.table, _NUMBER, {}, served.sent))
            )
    except CommandError as error:
        return str(error)
    except SQLAlchemyError as error:
        return f"PostgreSQL answers: {reason(error)}."
    finally:
        await engine.dispose()
    return ""
