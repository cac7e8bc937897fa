"""`bin/cli user create-admin`: the first admin, with and without a terminal."""

import asyncio
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import select
from typer.testing import CliRunner, Result

from chassis.core.errors import AppError
from chassis.postgres.database import Postgres
from cli.errors import CommandError
from tests.support.aliases import MakeUser, People
from tests.user.logins import attempt, read
from user.commands import app
from user.errors import EmailTaken, UsernameTaken
from user.models import User

PASSWORD = "four unrelated plum words"


async def create(name: str, *options: str, email: str = "", stdin: str | None = None) -> Result:
    """Run the command without a terminal."""
    arguments = ["create-admin", name, email or f"{name}@example.org", *options]
    return await asyncio.to_thread(lambda: CliRunner().invoke(app, arguments, input=stdin))


@pytest.fixture
def accounts(apps: dict[str, FastAPI], clean: None) -> Postgres:
    """The user service's database, with empty tables."""
    store: Postgres = apps["user"].state.application.store
    return store


@pytest.mark.parametrize("way", ["file", "standard input", "variable"])
async def test_a_password_needs_no_terminal(
    people: People, make_user: MakeUser, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the first line of a file or of the standard input, or a variable; the admin can log in."""
    await make_user("bob")
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\r\nand more\n")
    if way == "variable":
        monkeypatch.setenv("ADMIN_PASSWORD", PASSWORD)
    options = {"file": [f"--password-file={file}"], "standard input": ["--password-file=-"]}.get(way, [])

    result = await create("grace", *options, stdin=f"{PASSWORD}\n" if way == "standard input" else None)

    assert result.output.startswith("grace is an admin now (id ")
    token = (await attempt(people, "grace", PASSWORD)).json()["access_token"]
    listed = (await people["user"].get("/api/v1/users", headers={"Authorization": f"Bearer {token}"})).json()
    assert [(one["username"], one["role"]) for one in listed["items"]] == [("grace", "admin"), ("bob", "user")]


@pytest.mark.parametrize(
    ("username", "email", "options", "said"),
    [
        ("grace", "", [], "There is no terminal that could ask for the password."),
        ("grace", "", ["--password-file=/nowhere"], "The password file /nowhere cannot be read (FileNotFoundError)."),
        ("g", "g@example.org", ["--password-file=-"], "The username must have at least 3 characters."),
        ("g" * 65, "g@example.org", ["--password-file=-"], "The username must have at most 64 characters."),
        (
            "gr ace",
            "g@example.org",
            ["--password-file=-"],
            "The username must be letters and digits, with single '.', '_' or '-' between them.",
        ),
        ("grace", "grace", ["--password-file=-"], "The email is not valid: An email address must have an @-sign."),
        ("grace", "g{x@{y}", ["--password-file=-"], "The email is not valid: The part after the @-sign contains"),
    ],
)
async def test_a_refusal_is_a_sentence(
    people: People,
    accounts: Postgres,
    username: str,
    email: str,
    options: list[str],
    said: str,
) -> None:
    """It has what to change, and no part of the password; no account is made."""
    result = await create(username, *options, email=email, stdin=f"{PASSWORD}\n")

    assert isinstance(result.exception, CommandError)
    assert str(result.exception).startswith(said)
    assert "plum" not in str(result.exception)
    assert await read(accounts, select(User)) == []


async def test_each_invalid_value_has_its_sentence(people: People) -> None:
    """A short password and a name together."""
    result = await create("g", "--password-file=-", stdin="short\n")

    assert str(result.exception).splitlines() == [
        "The username must have at least 3 characters.",
        "The password must have 12 to 128 characters.",
    ]


@pytest.mark.parametrize(
    ("username", "email", "taken"),
    [
        ("ada", "ada@example.org", UsernameTaken),
        ("Ada", "ADA@example.org", UsernameTaken),
        ("ada", "other@example.org", UsernameTaken),
        ("grace", "ada@example.org", EmailTaken),
    ],
)
async def test_a_name_that_is_taken_is_reported_first(
    make_user: MakeUser,
    accounts: Postgres,
    username: str,
    email: str,
    taken: type[AppError],
) -> None:
    """A second admin of the same name and address is refused for the name; the first is unchanged."""
    ada = await make_user("ada")

    result = await create(username, "--password-file=-", email=email, stdin=f"{PASSWORD}\n")

    assert isinstance(result.exception, taken)
    [stored] = await read(accounts, select(User))
    assert (stored.id, stored.role, stored.password_hash) == (ada.id, "user", ada.password_hash)
