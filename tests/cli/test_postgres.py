"""The embedded PostgreSQL."""

import asyncio
import os
from typing import Any

import asyncpg
import pytest

from cli.dev.ports import free_port
from cli.dev.postgres import EmbeddedPostgres


def execute(url: str, *statements: str) -> list[Any]:
    """Run *statements* one after the other; returns the rows of the last."""

    async def run() -> list[Any]:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            return [await connection.fetch(statement) for statement in statements][-1]
        finally:
            await connection.close()

    return asyncio.run(run())


def test_role_owns_its_database(postgres: EmbeddedPostgres) -> None:
    """A role may create tables in its own database, but is not a superuser."""
    url = postgres.create_database("alpha")

    execute(url, "CREATE TABLE IF NOT EXISTS thing (id int)")
    (row,) = execute(url, "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user")

    assert tuple(row) == (False, False, False)


def test_role_cannot_open_the_database_of_another(postgres: EmbeddedPostgres) -> None:
    """A role cannot open a database that it does not own."""
    postgres.create_database("beta")
    url = postgres.create_database("alpha")

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        execute(f"{url.rpartition('/')[0]}/beta", "SELECT 1")


def test_wrong_password_is_refused(postgres: EmbeddedPostgres) -> None:
    """A password is needed, even from this machine."""
    url = postgres.create_database("alpha", "right")

    with pytest.raises(asyncpg.InvalidPasswordError):
        execute(url.replace(":right@", ":wrong@"), "SELECT 1")


def test_creating_a_database_again_keeps_its_rows(postgres: EmbeddedPostgres) -> None:
    """An existing database stays as it is; only the password is set."""
    execute(postgres.create_database("gamma"), "CREATE TABLE thing (id int)", "INSERT INTO thing VALUES (1)")

    url = postgres.create_database("gamma")

    assert len(execute(url, "SELECT id FROM thing")) == 1


@pytest.mark.long
def test_killed_server_keeps_its_rows(own_postgres: EmbeddedPostgres) -> None:
    """Commits before a SIGKILL are present after the next start."""
    url = own_postgres.create_database("delta")
    execute(url, "CREATE TABLE thing (id int)", "INSERT INTO thing VALUES (1), (2)")

    own_postgres.kill()
    own_postgres.start()

    assert len(execute(url, "SELECT id FROM thing")) == 2


@pytest.mark.long
@pytest.mark.parametrize("owner", ["us", "another server", "nobody", "not even a line"])
def test_lock_of_a_killed_server_does_not_stop_the_next(
    own_postgres: EmbeddedPostgres, postgres: EmbeddedPostgres, owner: str
) -> None:
    """A server starts although its predecessor's lock names another program, another PostgreSQL, or is empty."""
    own_postgres.kill()
    lock = own_postgres.folder / "cluster" / "postmaster.pid"
    other = (postgres.folder / "cluster" / "postmaster.pid").read_text().partition("\n")[0]
    first = {"us": str(os.getpid()), "another server": other, "nobody": "nobody"}.get(owner)
    lock.write_text("\n".join([first, *lock.read_text().splitlines()[1:]]) if first else "")

    own_postgres.start()

    assert execute(own_postgres.create_database("alpha"), "SELECT 1")
    assert execute(postgres.create_database("bystander"), "SELECT 1")


@pytest.mark.long
def test_data_survive_a_change_of_port(own_postgres: EmbeddedPostgres) -> None:
    """The same folder serves the same rows on another port."""
    execute(own_postgres.create_database("epsilon"), "CREATE TABLE thing (id int)", "INSERT INTO thing VALUES (1)")

    own_postgres.stop()
    own_postgres.port = free_port()
    own_postgres.start()

    assert len(execute(own_postgres.create_database("epsilon"), "SELECT id FROM thing")) == 1
