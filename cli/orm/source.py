"""Where a schema is read: a throwaway PostgreSQL with the service's ``schema.sql``, or a database that exists."""

import asyncio
import re
import secrets
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode

from asyncpg import PostgresError
from pydantic import SecretStr
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from chassis.postgres.dsn import connect, with_asyncpg
from cli.databases import reason
from cli.dev.ports import free_port
from cli.dev.postgres import EmbeddedPostgres
from cli.errors import CommandError
from cli.orm.settings import FILE

Answer = TypeVar("Answer")

_PATIENCE_S = 5
"""How long a database may take to answer."""
_STAND_INS = Path(__file__).parent / "stand_ins"
_OF_PRISMA = {"schema", "connection_limit", "pool_timeout", "pgbouncer", "socket_timeout", "sslaccept"}
"""Parameters of an address that Prisma reads, and PostgreSQL does not know."""
_ERROR = re.compile(r"(?:psql:<stdin>:(?P<line>\d+): )?(?:ERROR|FATAL): +(?P<reason>.*)")
_EXTENSION = re.compile(r'extension "([^"]+)" is not available')
_ROLE = re.compile(r'role "([^"]+)" does not exist')


def existing(url: str, namespace: str) -> SecretStr:
    """
    Return the address of a database without what only Prisma reads.

    Raises:
        CommandError: It is no such address, or names another schema than the one that is reflected.
    """
    address, _, query = url.partition("?")
    parameters = parse_qsl(query, keep_blank_values=True)
    named = dict(parameters).get("schema", namespace)
    if named != namespace:
        raise CommandError(
            f"The address of the database names schema {named}, but {namespace} is reflected. "
            f'For {named}, write schema = "{named}" in orm/{FILE}.'
        )
    rest = urlencode([(name, value) for name, value in parameters if name not in _OF_PRISMA], safe="/:")
    found = SecretStr(f"{address}?{rest}" if rest else address)
    try:
        return with_asyncpg(found)
    except ValueError as error:
        raise CommandError(f"The address of the database: {error}.") from None


def ask(url: SecretStr, question: Callable[[AsyncConnection], Awaitable[Answer]]) -> Answer:
    """
    Return the answer of a database.

    Raises:
        CommandError: It does not answer, or with an error.
    """

    async def run() -> Answer:
        settings = {"async_creator_fn": connect, "timeout": _PATIENCE_S}
        engine = create_async_engine(url.get_secret_value(), connect_args=settings)
        try:
            async with engine.connect() as connection:
                return await question(connection)
        finally:
            await engine.dispose()

    try:
        return asyncio.run(run())
    except (OSError, PostgresError, SQLAlchemyError) as error:
        raise CommandError(f"The database failed: {reason(error)}.") from None


@contextmanager
def throwaway(file: Path, namespace: str) -> Iterator[SecretStr]:
    """
    Run a PostgreSQL with the tables of a SQL file, for the block.

    Raises:
        CommandError: The file is missing, or PostgreSQL refuses it; the message has the line.
    """
    script = _read(file)
    with server() as postgres:
        yield load(postgres, script, _place(file), namespace)


@contextmanager
def server() -> Iterator[EmbeddedPostgres]:
    """Run an empty PostgreSQL for the block, with stand-ins of extensions that the wheel lacks."""
    with tempfile.TemporaryDirectory() as folder:
        extensions = shutil.copytree(_STAND_INS, Path(folder, "stand_ins"))
        settings = {"fsync": "off", "extension_control_path": f"$system:{extensions}"}
        with EmbeddedPostgres(Path(folder, "server"), free_port(), **settings) as postgres:
            yield postgres


def load(postgres: EmbeddedPostgres, script: str, where: str, namespace: str) -> SecretStr:
    """
    Run a script in a new database, with a schema first on the search_path, as a client with this default would.

    Args:
        where: The name of the script's file.

    Raises:
        CommandError: PostgreSQL refuses the script.
    """
    database = f"reflected_{secrets.token_hex(4)}"
    postgres.create_database(database)
    quoted = '"{}"'.format(namespace.replace('"', '""'))
    path = re.sub(r"([\\\s])", r"\\\1", quoted)
    try:
        postgres.execute(script, database=database, PGOPTIONS=f"-c search_path={path},public")
    except CommandError as error:
        raise CommandError(_refusal(where, str(error))) from None
    return with_asyncpg(postgres.administrator_url(database))


def _place(file: Path) -> str:
    return "/".join(file.parts[-3:])


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise CommandError(f"{_place(file)} is missing: the DDL of the tables, as their owner writes it.") from None
    except OSError as error:
        raise CommandError(f"{_place(file)} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise CommandError(f"{_place(file)} is not UTF-8: {error.reason} at byte {error.start}.") from None


def _refusal(where: str, output: str) -> str:
    found = _ERROR.search(output)
    if not found:
        return f"{where}: {output}"
    reason, line = found["reason"].rstrip("."), found["line"]
    place = f"{where}, the statement that ends in line {line}" if line else where
    if extension := _EXTENSION.search(reason):
        return (
            f"{place}: extension {extension[1]} is not in the PostgreSQL that reads this file. Run this again with "
            "DATABASE_URL=postgresql://…, the address of a database that has the extension and these tables."
        )
    if _ROLE.search(reason):
        advice = "Leave out owners and rights: pg_dump --schema-only --no-owner --no-privileges --no-policies."
        return f"{place}: {reason}. {advice}"
    return f"{place}: {reason}."
