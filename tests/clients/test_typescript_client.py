"""The client for front ends that `bin/cli client typescript` writes."""

import json
from pathlib import Path

import pytest

from cli.errors import CommandError
from cli.sdk.commands import typescript
from cli.sdk.node import PACKAGES
from tests.clients.front_end import FrontEnd
from tests.support.aliases import People
from tests.support.node import read_packages
from tests.user.logins import PASSWORD


def test_nothing_else_is_replaced(tmp_path: Path) -> None:
    """A folder with files of another origin, and a file, are refused before anything is generated."""
    mine = tmp_path / "index.ts"
    mine.write_text("export {};\n")

    for place in (tmp_path, mine):
        with pytest.raises(CommandError, match="has something else in it"):
            typescript(out=place)

    assert mine.read_text() == "export {};\n"


def test_the_generator_is_the_tested_one_and_its_lock_names_no_registry() -> None:
    """`bin/cli client` installs the version of the table in docs/clients.md; the lock has digests and no addresses."""
    lock = json.loads(PACKAGES.with_name("package-lock.json").read_text())
    wanted = json.loads(PACKAGES.read_text())["dependencies"]
    installed = {name: one for name, one in lock["packages"].items() if name}

    assert wanted.items() <= read_packages().items()
    assert lock["packages"][""]["dependencies"] == wanted
    assert [name for name, one in installed.items() if "integrity" not in one or "resolved" in one] == []


@pytest.mark.long
async def test_a_front_end_registers_and_logs_in(front_end: FrontEnd, people: People) -> None:
    """The page's program passes `tsc --strict`; the person can log in at the service, and nobody else is there."""
    (profile,) = await front_end.call(f"join('ada', 'ada@example.org', '{PASSWORD}')")

    credentials = {"username": "ada", "password": PASSWORD}
    token = (await people["user"].post("/api/v1/users/login", json=credentials)).json()["access_token"]
    stored = await people["user"].get("/api/v1/users/profile", headers={"Authorization": f"Bearer {token}"})
    assert profile == stored.json()
