"""Schemas as different owners write them: reflected, imported, read through the generated classes, and type-checked."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Table, select
from sqlalchemy.exc import StatementError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from cli.dev.files import ROOT
from cli.orm.files import write
from cli.orm.generating import generate
from cli.orm.settings import read_reflection
from cli.orm.source import load, server

SCHEMAS = sorted((Path(__file__).parent / "schemas").glob("*.sql"))


class Reflected:
    """A schema with its generated package, whose name begins with ``reflected_``."""

    def __init__(self, name: str, url: SecretStr, root: Path) -> None:
        self.url = url
        self.folder = root / f"reflected_{name}"

    def module(self, name: str) -> Any:  # noqa: ANN401 - it was just written
        """Import a generated module."""
        return import_module(f"{self.folder.name}.orm.{name}")

    @property
    def models(self) -> list[Any]:
        """Classes and bare tables, of both modules."""
        found = [one for name in ("tables", "views") for one in _models_in(self.module(name))]
        return sorted(found, key=lambda one: str(getattr(one, "__tablename__", one)))


def _models_in(module: ModuleType) -> Iterator[Any]:
    for one in vars(module).values():
        is_class = isinstance(one, type) and issubclass(one, DeclarativeBase) and hasattr(one, "__table__")
        if isinstance(one, Table) or (is_class and one.__module__ == module.__name__):
            yield one


@pytest.fixture(scope="module")
def reflected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Reflected]]:
    """All schemas, by name."""
    root = tmp_path_factory.mktemp("reflected")
    with server() as postgres, pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(root)
        found = {}
        for file in SCHEMAS:
            name = f"reflected_{file.stem}"
            (root / name / "orm").mkdir(parents=True)
            if file.with_suffix(".toml").exists():
                (root / name / "orm/reflect.toml").write_text(file.with_suffix(".toml").read_text())
            namespace = read_reflection(root / name / "orm/reflect.toml").namespace
            url = load(postgres, file.read_text(), file.name, namespace)
            write(root / name / "orm", generate(root / name, url.get_secret_value()))
            found[file.stem] = Reflected(file.stem, url, root)
        yield found


@asynccontextmanager
async def session_of(schema: Reflected) -> AsyncIterator[AsyncSession]:
    """Open a session, which is rolled back."""
    engine = create_async_engine(schema.url.get_secret_value())
    async with AsyncSession(engine) as session:
        yield session
    await engine.dispose()


@pytest.mark.parametrize("name", [file.stem for file in SCHEMAS])
async def test_rows_are_read(reflected: dict[str, Reflected], name: str) -> None:
    """Each class and each bare table of a schema reads the rows that its owner inserted."""
    filled = 0
    async with session_of(reflected[name]) as session:
        for model in reflected[name].models:
            filled += bool((await session.execute(select(model))).all())

    assert filled >= 3


@pytest.mark.parametrize("name", [file.stem for file in SCHEMAS])
def test_files_depend_on_the_schema_alone(reflected: dict[str, Reflected], name: str) -> None:
    """A second run writes the same files."""
    schema = reflected[name]

    assert write(schema.folder / "orm", generate(schema.folder, schema.url.get_secret_value())) == []


@pytest.mark.long
def test_types_are_complete(reflected: dict[str, Reflected]) -> None:
    """Mypy accepts all generated modules in its strict mode, and the linter accepts them, too."""
    root = next(iter(reflected.values())).folder.parent
    files = [str(file) for file in root.glob("*/orm/*.py")]
    strict = ["--strict", f"--config-file={ROOT / 'pyproject.toml'}", "--disallow-any-explicit", *files]
    mypy = subprocess.run(
        [sys.executable, "-m", "mypy", *strict],
        cwd=root, env={"MYPYPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert mypy.returncode == 0, mypy.stdout + mypy.stderr
    for file in files:
        name = "/".join(Path(file).parts[-3:])
        ruff = [
            sys.executable,
            "-m",
            "ruff",
            "check",
            "--no-cache",
            "--ignore=I001,INP001",
            f"--stdin-filename={name}",
            "-",
        ]
        text = Path(file).read_text()
        linted = subprocess.run(ruff, cwd=ROOT, input=text, capture_output=True, text=True, check=False)
        assert linted.stdout == "All checks passed!\n"


async def test_a_row_is_written(reflected: dict[str, Reflected]) -> None:
    """A row is created with snake_case attributes; PostgreSQL fills the others, and stores UTC without a zone."""
    tables = reflected["board"].module("tables")
    noon = datetime(2026, 6, 1, 12, tzinfo=UTC)
    async with session_of(reflected["board"]) as session:
        task = tables.Task(id="t3", title="third", author_id="m1", updated_at=noon, due_at=noon, extra=None)
        session.add(task)
        await session.flush()
        stored = await session.connection()
        (row,) = await stored.exec_driver_sql('SELECT "dueAt", metadata, extra IS NULL FROM "Task" WHERE id = \'t3\'')
        others = (await session.scalars(select(tables.Task.id).where(tables.Task.due_at < noon))).all()

    assert (task.state, task.labels, task.due_at) == (tables.TaskState.OPEN, [], noon)
    assert tuple(row) == (noon.replace(tzinfo=None), {}, True)
    assert others == []
    assert tables.Task.__table__.c["parentId"].foreign_keys


async def test_times_without_a_zone_are_refused(reflected: dict[str, Reflected]) -> None:
    """A time without a zone, which might be local, is not stored."""
    tables = reflected["board"].module("tables")
    wrong = datetime(2026, 6, 1, tzinfo=UTC).replace(tzinfo=None)
    async with session_of(reflected["board"]) as session:
        session.add(tables.Task(id="t4", title="fourth", author_id="m1", updated_at=wrong))
        with pytest.raises(StatementError, match="a time without a zone"):
            await session.flush()


def test_what_is_left_out(reflected: dict[str, Reflected]) -> None:
    """Prisma's own table and partitions have no class; a table between two others has one."""
    names = {one: {getattr(model, "__tablename__", str(model)) for model in reflected[one].models} for one in reflected}

    assert names["board"] == {"Member", "Task", "_MemberToTask", "OpenTask"}
    assert names["rental"] == {"movie", "person", "movie_person", "payment", "public.movie_list", "public.sales"}
    assert {"inbox", "accounts.outbox"} <= names["accounts"]


def test_names_are_sensible(reflected: dict[str, Reflected]) -> None:
    """Names keep their words, and what Python or SQLAlchemy need is avoided."""
    tables = reflected["strange"].module("tables")
    columns = {column.name: name for name, column in tables.Status.__mapper__.columns.items()}

    assert {columns[one] for one in ("fooBar", "foo_bar", "FooBar")} == {"foo_bar", "foo_bar_", "foo_bar_2"}
    assert [columns[one] for one in ("from", "class", "metadata", "self", "1st", "größe", "text")] == [
        "from_", "class_", "metadata_", "self_", "n1st", "größe", "text",
    ]  # fmt: skip
    assert columns["foo_bar"] == "foo_bar"
    assert [one.name for one in tables.Status_] == [
        "IN_PROGRESS", "IN_PROGRESS_", "EMPTY", "N5", "NONE", "NAME_", "SS", "A_B_C_D",
    ]  # fmt: skip
