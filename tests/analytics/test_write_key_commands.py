import asyncio
import re

import pytest
from typer.testing import CliRunner

from analytics.commands import app
from chassis.core.errors import NotFound
from cli.errors import CommandError
from tests.support.aliases import People

TRACK = {"event": "Song Played", "userId": "ada"}


async def run(*arguments: str) -> str:
    """The output of `analytics keys`."""
    result = await asyncio.to_thread(CliRunner().invoke, app, ["keys", *arguments])
    if isinstance(result.exception, Exception):
        raise result.exception
    return result.output


async def status(people: People, key: str) -> int:
    """The status of sending an event with the key."""
    return (await people["analytics"].post("/v1/track", json=TRACK, auth=(key, ""))).status_code


async def test_a_key_is_made_listed_and_revoked(people: People) -> None:
    """The key is printed once, works until it is revoked, and stays in the list."""
    (key,) = re.findall(r"^wk_\S+$", await run("add", "shop"), re.MULTILINE)
    _, key_id, secret = key.split("_", 2)
    assert await status(people, key) == 200

    assert "is revoked" in await run("revoke", key_id)

    assert await status(people, key) == 401
    listed = await run("list")
    assert key_id in listed
    assert "shop" in listed
    assert secret not in listed


async def test_a_key_that_is_not_there_is_told(people: People) -> None:
    """A mistyped id is an error."""
    with pytest.raises(NotFound, match="no write key"):
        await run("revoke", "nobody")


async def test_a_key_has_a_name_that_can_be_seen(people: People) -> None:
    """Keys in the list need distinguishable names; without a name no key is created."""
    before = await run("list")

    for name in ("", "\u200b", "a\nb"):
        with pytest.raises(CommandError, match="The name must"):
            await run("add", name)

    assert await run("list") == before
