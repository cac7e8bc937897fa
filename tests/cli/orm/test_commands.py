"""`bin/cli orm`: which service, and what is printed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.errors import CommandError
from cli.orm import commands
from cli.services import Service
from tests.cli.orm.conftest import SCHEMA, Reflecting

CONTENT = Service("content", 8005, "reflected")
OTHER = Service("other", 8006, "reflected")


def run(*arguments: str) -> str:
    """Run the command, and return what it prints."""
    return CliRunner().invoke(commands.app, arguments, catch_exceptions=False).output


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Place services into a project."""

    def place(*services: Service, root: Path = tmp_path) -> None:
        monkeypatch.delenv("DATABASE_URL", raising=False)
        monkeypatch.setattr(commands, "SERVICES", services)
        monkeypatch.setattr(commands, "ROOT", root)

    return place


def test_service_may_be_left_out(
    place: Callable[..., None], reflecting: Reflecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The only service that reflects a schema is the default; what was written is printed, with its source."""
    place(CONTENT, root=reflecting.folder.parent)
    monkeypatch.setenv("DATABASE_URL", reflecting.url)
    (reflecting.folder / "orm/tables.py").unlink()

    assert run("models").splitlines() == [
        "content: read from the database that DATABASE_URL names",
        "content/orm/columns.json: unchanged",
        "content/orm/tables.py: written",
    ]


@pytest.mark.parametrize(("services", "message"), [((), "No service reflects"), ((CONTENT, OTHER), "content, other")])
def test_service_is_needed(place: Callable[..., None], services: tuple[Service, ...], message: str) -> None:
    """Without such a service, or with several, the message says so."""
    place(*services)

    with pytest.raises(CommandError, match=message):
        run("all")


def test_check_passes_without_such_services(place: Callable[..., None]) -> None:
    """A project without reflected tables passes `make check`."""
    place()

    assert run("all", "--check") == ""


def test_check_compares_with_the_file(
    place: Callable[..., None], reflecting: Reflecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make check` compares with schema.sql, whatever database the shell names, and writes nothing."""
    place(CONTENT, root=reflecting.folder.parent)
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:x@127.0.0.1:1/other")
    (reflecting.folder / "schema").mkdir()
    (reflecting.folder / "schema/schema.sql").write_text(SCHEMA.replace('"kind" TEXT', '"kind" VARCHAR(9)'))

    with pytest.raises(CommandError, match="make orm SERVICE=content"):
        run("all", "--check")

    assert json.loads((reflecting.folder / "orm/columns.json").read_text())["tables"]["Page"]["kind"]["type"] == "text"
