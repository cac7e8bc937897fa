"""A running `make run` follows the folders of the services: one appears, is wrong at first, and goes."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import httpx
import pytest
from dotenv import dotenv_values

from cli.demo.accounts import PERSON
from cli.dev.files import ROOT
from cli.dev.polling import eventually
from cli.dev.ports import answers, free_port
from cli.links import with_peers
from cli.services import find_service
from tests.support.databases import data_folder

PATIENCE_S = 120.0

NOTE = {
    "__init__.py": "",
    "settings.py": """
from typing import ClassVar

from chassis.core.setting_types import ServiceUrl
from chassis.messaging.event import peers_of
from chassis.postgres.database import PostgresUrl
from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    service_name: ClassVar[str] = "note"
    tokens_from: ClassVar[str | None] = "user"
    peers: ClassVar[frozenset[str]] = peers_of((), (), tokens_from)
    note_database_url: PostgresUrl
    user_service_url: ServiceUrl
""",
    "models.py": """
from uuid import UUID

from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[UUID] = mapped_column(primary_key=True)
""",
    "main.py": """
from fastapi import FastAPI
from sqlalchemy import func, select

from chassis.app import create_app
from chassis.core.types import new_id
from chassis.dependencies import PERSON
from chassis.idempotency.kinds import UNREPEATABLE
from chassis.postgres.database import Postgres, Session
from chassis.sealing.access import optional
from chassis.web.routing import service_router
from note.models import Note
from note.settings import Settings

router = service_router("notes")


@router.post("", access=optional(), auth=PERSON, idempotency=UNREPEATABLE, status_code=201)
async def create(session: Session) -> dict[str, int]:
    \"\"\"Store a note, and count all.\"\"\"
    session.add(Note(id=new_id()))
    await session.flush()
    return {"notes": await session.scalar(select(func.count()).select_from(Note))}


def build() -> FastAPI:
    settings = Settings.load()
    return create_app(settings, Postgres(settings.note_database_url, "note"), router)
""",
    "migrations/versions/0001_create.py": """
from alembic import op

from chassis.postgres.tables import chassis_metadata
from note.models import Base

revision, down_revision, branch_labels, depends_on = "0001", None, None, None


def upgrade() -> None:
    \"\"\"Create the tables.\"\"\"
    for metadata in (Base.metadata, chassis_metadata):
        metadata.create_all(op.get_bind())
""",
}
"""A service with a table, whose only route takes access tokens of the user service."""


@dataclass(frozen=True, slots=True)
class Run:
    """A `bin/cli run` in a copy of this folder, and its output."""

    folder: Path
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    def url(self, service: str) -> str:
        """Return the address of a service."""
        return self.environment[f"{service.upper()}_SERVICE_URL"] or ""

    @property
    def environment(self) -> Mapping[str, str | None]:
        """The environment of the stack, as other commands read it."""
        return dotenv_values(self.folder / ".dev" / "env", interpolate=False)

    async def prints(self, text: str) -> None:
        """Wait for a line with this text, and forget it and those before it."""

        async def has_come() -> bool:
            found = [number for number, line in enumerate(self.lines) if text in line]
            if found:
                del self.lines[: found[0] + 1]
            return bool(found)

        assert await eventually(has_come, PATIENCE_S), f"{text!r} is not in:\n{''.join(self.lines)}"

    async def has_no_note(self) -> bool:
        """Whether the environment has no address, key or database of the note service."""
        return not any("NOTE" in name.split("_") for name in self.environment)

    def read(self) -> None:
        """Collect the output until it ends."""
        assert self.process.stdout
        with self.process.stdout as output:
            self.lines.extend(output)  # each line as it comes


@contextmanager
def running(service: str) -> Iterator[Run]:
    """Run a service, and what it needs, in a copy of their folders."""
    with data_folder() as folder:
        for name in ("chassis", "cli", "deploy/postgres", *(one.name for one in with_peers([find_service(service)]))):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        process = subprocess.Popen(
            [sys.executable, "-m", "cli", "run", service],
            cwd=folder,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        run = Run(folder, process)
        reader = Thread(target=run.read)
        reader.start()
        try:
            yield run
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()
            reader.join()


def write(folder: Path, texts: Mapping[str, str]) -> None:
    """Write files below a folder."""
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


async def pid_of(client: httpx.AsyncClient, url: str) -> int:
    """Return the process that answers for a service."""
    answer = await client.get(f"{url}/api/v1/private/diagnostics/server")
    return int(answer.json()["process"]["pid"])


@pytest.mark.long
async def test_a_new_service_runs_and_a_removed_one_stops() -> None:
    """A folder gets port, keys, database and tables; a wrong one is reported and disturbs nothing; it may go again."""
    with running("user") as run:
        async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
            await run.prints("The services' logs follow.")
            assert (run.folder / "logs" / "user-service_errors.log").read_text() == ""
            bystander = await pid_of(client, run.url("analytics"))
            note = run.folder / "note"

            write(note, {"service.toml": 'database = "postgres"\n'})
            await run.prints("note/service.toml: add the key 'port'.")

            port = free_port()
            write(note, {"service.toml": f'port = {port}\ndatabase = "postgres"\n', "settings.py": "import nothing\n"})
            await run.prints(
                "note cannot be imported: ModuleNotFoundError: No module named 'nothing' (note/settings.py"
            )

            for name in ("alembic.ini", "migrations/env.py"):
                text = (run.folder / "user" / name).read_text()
                write(note, {name: text.replace("user", "note").replace("USER", "NOTE")})
            write(note, NOTE)
            await run.prints(f"note runs: http://127.0.0.1:{port}/docs")
            assert (await client.get(f"{run.url('note')}/docs")).status_code == 200
            form = {"username": PERSON.name, "password": PERSON.password}
            login = await client.post(f"{run.url('user')}/api/v1/users/login", data=form)
            bearer = {"Authorization": f"Bearer {login.json()['access_token']}"}
            created = await client.post(f"{run.url('note')}/api/v1/notes", headers=bearer)
            assert (created.status_code, created.json()) == (201, {"notes": 1})

            shutil.rmtree(note)
            await run.prints("note/service.toml is gone, so note is stopped.")
            await run.prints("Started again, as links, addresses or settings have changed: user.")
            assert not answers(port)
            assert await eventually(run.has_no_note, PATIENCE_S)
            assert await pid_of(client, run.url("analytics")) == bystander
    assert run.process.returncode == 0
