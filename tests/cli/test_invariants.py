from collections.abc import Mapping

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from chassis.postgres.database import Postgres
from cli.checks import invariants as command
from cli.checks.contents import Rules
from cli.checks.invariants import check, invariants
from cli.databases import opened
from cli.errors import CommandError
from tests.support.aliases import MakeUser

WHOLE = {"a rule": list[str](), "another": list[str]()}


async def test_an_account_and_an_event_on_its_way_are_found(environment: dict[str, str], make_user: MakeUser) -> None:
    """Made without an event, an account is missing in analytics; an event in an outbox is named with its consumer."""
    user = await make_user()
    waiting = (
        "INSERT INTO outbox (event_id, listener, aggregate, message, due_at) VALUES (:id, 'b', 'c', '{}', 'infinity')"
    )
    async with opened(Postgres(SecretStr(environment["USER_DATABASE_URL"]), "tests")) as store:
        async with store.transaction() as session:
            await session.execute(text("DELETE FROM outbox"))
            await session.execute(text(waiting), {"id": user.id})

        broken = {rule: ids for rule, ids in (await check(environment)).items() if ids}

        async with store.transaction() as session:  # the next test waits until there is no event
            await session.execute(text("DELETE FROM outbox"))

    assert broken == {
        "every account is counted in analytics": [f"user.registered {user.id}"],
        "every outbox is empty": [f"user: {user.id} for b"],
    }


@pytest.mark.parametrize("held", [True, False], ids=["agreeing", "differing"])
def test_the_command_names_what_differs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, held: bool
) -> None:
    """A line for each rule; it fails if one is broken."""

    async def found(_environment: Mapping[str, str]) -> Rules:
        return WHOLE if held else WHOLE | {"another": [f"lost {number}" for number in range(9)]}

    monkeypatch.setattr(command, "check", found)
    monkeypatch.setattr(command, "use_running_stack", lambda _needed: {})
    if held:
        invariants()
    else:
        with pytest.raises(CommandError):
            invariants()

    lines = " ".join(capsys.readouterr().out.split())
    assert lines.count("✓") == 2 - (not held)
    assert ("9 differ: lost 0, lost 1, lost 2, lost 3, lost 4, …" in lines) is not held
