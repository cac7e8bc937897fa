"""Setting up the roles and databases of the compose files: deploy/postgres/10-services.sh."""

import subprocess
from pathlib import Path

import asyncpg
import pytest

from cli.dev.files import ROOT
from cli.dev.postgres import PROGRAMS, EmbeddedPostgres
from tests.cli.executing import execute

PASSWORDS = {
    "root": "unused",
    "set_up_service": "one",
    "set_up": "two",
    "set_up_owner": "th'ree",
    "lone_owner": "four",
}
"""A service, one with tables of another team, and one whose name looks like an owner's; by their roles."""


def set_up(postgres: EmbeddedPostgres, folder: Path) -> None:
    """Run the script as PostgreSQL's image does."""
    environment = {
        "PATH": f"{PROGRAMS}:/usr/bin:/bin",
        "SECRETS_DIR": str(folder),
        "POSTGRES_USER": "postgres",
        "PGHOST": "127.0.0.1",
        "PGPORT": str(postgres.port),
        "PGPASSWORD": postgres.password.read_text(),
    }
    subprocess.run([str(ROOT / "deploy/postgres/10-services.sh")], env=environment, check=True, timeout=60)


def test_each_service_has_its_database_and_roles(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    """One with tables of another team has two, of which its own fills tables that the owner creates."""
    for role, password in PASSWORDS.items():
        (tmp_path / role).write_text(password)

    for _ in range(2):  # once more, as after adding a service
        set_up(postgres, tmp_path)

    def address(role: str, database: str = "") -> str:
        return f"postgresql://{role}:{PASSWORDS[role]}@127.0.0.1:{postgres.port}/{database or role}"

    for own in ("set_up_service", "lone_owner"):
        execute(address(own), "CREATE TABLE thing (id int)")
    execute(address("set_up_owner", "set_up"), 'CREATE TABLE "Page" (id int)')
    execute(address("set_up_owner", "set_up"), "CREATE TABLE set_up.outbox (id int)")
    for table in ('public."Page"', "outbox"):
        execute(address("set_up"), f"INSERT INTO {table} VALUES (1)")  # noqa: S608 - ours
    for role, database in (("set_up_service", "set_up"), ("set_up", "set_up_service"), ("lone_owner", "set_up")):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            execute(address(role, database), "SELECT 1")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        execute(address("set_up"), "CREATE TABLE made (id int)")
    assert postgres.execute("SELECT datname FROM pg_database WHERE datname IN ('root', 'set_up_owner')") == ""
