import asyncio
import json
import os
import re
from collections.abc import Iterator
from uuid import UUID

import asyncpg
import pytest
from typer.testing import CliRunner

from chassis.core.types import new_id
from cli.dev.postgres import EmbeddedPostgres
from cli.errors import CommandError
from cli.events import app, published_events


def execute(url: str, statement: str, *values: object) -> list[asyncpg.Record]:
    """Run a statement in a service's database."""

    async def ask() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            return await connection.fetch(statement, *values)
        finally:
            await connection.close()

    return asyncio.run(ask())


@pytest.fixture
def letter(environment: dict[str, str]) -> Iterator[str]:
    """The id of a dead letter of the user service; it stays undelivered when it is replayed."""
    event_id, url = new_id(), environment["USER_DATABASE_URL"]
    execute(
        url,
        "INSERT INTO outbox (event_id, listener, aggregate, message, dead_at, last_error)"
        " VALUES ($1, 'nobody', 'cup', $2, now(), 'The cup is broken.')",
        event_id,
        json.dumps({"type": "user.broken"}),
    )
    yield str(event_id)
    execute(url, "DELETE FROM outbox WHERE event_id = $1", event_id)


def run(*arguments: str) -> str:
    """The output of the command."""
    result = CliRunner().invoke(app, arguments)
    if result.exception:
        raise result.exception
    return result.output


def test_every_event_is_in_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table has publisher, consumers and schema name; it needs no service and no database."""
    monkeypatch.setattr(os, "environ", {})

    lines = [line.split() for line in run().splitlines()[1:]]
    assert ["user.registered", "user", "analytics", "urn:event:user.registered:1"] in lines
    assert len(lines) == len(published_events())
    assert [line.split()[0] for line in run("user", "publisher=user").splitlines()[1:]] == [
        line[0] for line in lines if line[1] == "user"
    ]


def test_dead_letters_are_listed_with_their_reason(letter: str) -> None:
    """The list has the facts for finding the cause, of one service or of all."""
    for output in (run("dead", "user"), run("dead")):
        (line,) = (line for line in output.splitlines() if letter in line)
        assert line.split()[:4] == ["user", letter, "user.broken", "nobody"]
        assert line.endswith("The cup is broken.")


@pytest.mark.parametrize("names_it", [True, False], ids=["one", "all"])
def test_a_dead_letter_is_put_back(environment: dict[str, str], letter: str, *, names_it: bool) -> None:
    """A replayed event is delivered again; for another id, nothing is."""
    event = [letter] if names_it else []

    assert "user: 0 will be delivered again" in run("replay", "user", str(new_id()))
    assert re.search(r"user: [1-9]\d* will be delivered again", run("replay", "user", *event))
    (row,) = execute(environment["USER_DATABASE_URL"], "SELECT dead_at FROM outbox WHERE event_id = $1", UUID(letter))
    assert row["dead_at"] is None


def test_a_service_without_an_outbox_is_told() -> None:
    """Analytics publishes no events."""
    with pytest.raises(CommandError, match=r"'analytics'.*Use one of .*user"):
        run("replay", "analytics")


def test_a_database_without_tables_is_named(postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is an address that is none; neither is a traceback."""
    monkeypatch.setenv("USER_DATABASE_URL", postgres.create_database("without_tables"))
    with pytest.raises(CommandError, match=r'relation "outbox" does not exist.*bin/cli db upgrade user'):
        run("dead", "user")
    monkeypatch.setenv("USER_DATABASE_URL", "user")

    with pytest.raises(CommandError, match="USER_DATABASE_URL: must look like"):
        run("dead", "user")
