"""A model is ahead of the development database: a line names what is missing and the command."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.idempotency.kinds import UNREPEATABLE
from chassis.postgres.database import Database, Postgres, Session
from chassis.postgres.statements import Statement
from chassis.sealing.access import public
from chassis.settings import Environment
from chassis.web.routing import service_router
from cli.dev.polling import eventually
from cli.dev.postgres import EmbeddedPostgres
from tests.chassis.tiny import serve_tiny

BOXES = "/api/v1/boxes"
router = service_router("boxes")
BOLD = Statement("SELECT bold FROM boxes")


class Base(DeclarativeBase):
    """Tables of these tests."""


class Box(Base):
    """A box, whose table has no colour yet."""

    __tablename__ = "boxes"

    id: Mapped[int] = mapped_column(primary_key=True)
    colour: Mapped[str]


class Lid(Base):
    """A lid, which has no table yet."""

    __tablename__ = "lids"

    id: Mapped[int] = mapped_column(primary_key=True)


@router.get("", access=public())
async def read(session: Session) -> None:
    """Read a column."""
    await session.scalars(select(Box))


@router.post("", access=public(), idempotency=UNREPEATABLE)
async def write(session: Session) -> None:
    """Write a column, at the end of the transaction."""
    session.add(Box(id=1, colour="red"))


@router.get("/lids", access=public())
async def read_lids(session: Session) -> None:
    """Read a table."""
    await session.scalars(select(Lid))


@router.get("/bold", access=public())
async def read_bold(database: Database) -> None:
    """Read a column by the driver alone."""
    await database.run(BOLD, {})


@router.get("/syntax", access=public())
async def fail(session: Session) -> None:
    """Send what is no statement."""
    await session.execute(text("SELEC 1"))


@pytest.fixture
async def url(postgres: EmbeddedPostgres) -> str:
    """The address of a database with boxes."""
    address = postgres.create_database("outdated")
    postgres.execute("CREATE TABLE IF NOT EXISTS boxes (id int); GRANT ALL ON boxes TO outdated", database="outdated")
    return address


async def logged(url: str, folder: Path, method: str, path: str, **settings: Any) -> dict[str, Any]:  # noqa: ANN401
    """Send a request, which must get an opaque 500; returns the only line of the log of errors."""
    log = folder / "tiny-service_errors.log"

    async def is_written() -> bool:
        return log.exists() and log.read_text().endswith("\n")

    async with serve_tiny(router, store=Postgres(SecretStr(url), "tiny"), log_dir=folder, **settings) as tiny:
        answer = await tiny.client.request(method, BOXES + path)
        assert await eventually(is_written)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "colour" not in answer.text
    (line,) = map(json.loads, log.read_text().splitlines())
    return dict(line)


@pytest.mark.parametrize(
    ("method", "path", "reason", "place"),
    [
        ("GET", "", "column boxes.colour does not exist", "tests/chassis/test_outdated_schema.py:"),
        ("POST", "", 'column "colour" of relation "boxes" does not exist', "chassis/"),
        ("GET", "/lids", 'relation "lids" does not exist', "tests/chassis/test_outdated_schema.py:"),
        ("GET", "/bold", 'column "bold" does not exist', "tests/chassis/test_outdated_schema.py:"),
    ],
)
async def test_what_the_database_lacks_is_one_line_in_development(
    url: str, tmp_path: Path, method: str, path: str, reason: str, place: str
) -> None:
    """It names table and column, the place in the code and the command; there is no traceback."""
    line = await logged(url, tmp_path, method, path)

    assert (line["event"], line["reason"]) == ("the database lacks a table or a column", reason)
    assert line["command"] == 'bin/cli db migrate tiny -m "…" && bin/cli db upgrade tiny'
    assert line["place"].startswith(place)
    assert "exception" not in line


@pytest.mark.parametrize(("path", "environment"), [("", Environment.PRODUCTION), ("/syntax", Environment.LOCAL)])
async def test_every_other_error_keeps_its_traceback(
    url: str, tmp_path: Path, path: str, environment: Environment
) -> None:
    """Outside development, and for any other error of a statement."""
    line = await logged(url, tmp_path, "GET", path, environment=environment)

    assert line["event"] == "unhandled error"
    assert "Traceback" in line["exception"]
