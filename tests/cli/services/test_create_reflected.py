"""`bin/cli service create --database reflected`: services over real schemas, in a clone of this project."""

import shutil
from pathlib import Path

import pytest

from cli.dev.postgres import EmbeddedPostgres
from cli.errors import CommandError
from cli.services.copying import SKELETONS
from cli.services.discovery import ROOT
from cli.services.drafts import settle
from cli.services.reflecting.adding import add_table
from tests.cli.services.clones import run
from tests.support.git import commit, git

SCHEMAS = ROOT / "tests/cli/orm/schemas"
PASSWORD = "a-password-of-theirs"
NAMES = ("made_up_task", "made_up_cast", "made_up_money", "made_up_rarity")
SAMPLE = '{"payment.paid_at": lambda number: datetime(2026, 3, 1, second=number, tzinfo=UTC)}'


def test_the_skeleton_is_what_would_be_written(tmp_path: Path) -> None:
    """Its models, its table and its schemas are those that its own schema.sql leads to."""
    skeleton, draft = SKELETONS / "sample_row", tmp_path / "sample_row"
    for folder in ("orm", "schema"):
        (draft / folder).mkdir(parents=True)
    for file in (ROOT / "pyproject.toml", skeleton / "orm/reflect.toml"):
        shutil.copy(file, tmp_path if file.parent == ROOT else draft / "orm")

    remark = add_table(draft, (skeleton / "schema/schema.sql").read_text(), "sample_rows", "")
    settle(tmp_path, ["sample_row"])

    files = ("table.py", "schemas.py", "orm/tables.py", "orm/views.py", "orm/columns.json", "schema/schema.sql")
    assert remark == ""
    assert {one: lines(draft / one) for one in files} == {one: lines(skeleton / one) for one in files}


def lines(file: Path) -> list[str]:
    """Return the lines of a file, sorted: the order of imports depends on the folders beside it."""
    return sorted(filter(None, file.read_text().splitlines()))


@pytest.mark.parametrize(("schema", "extension"), [("strange", "vector"), ("accounts", "citext")])
def test_tables_that_no_test_could_create_are_refused(tmp_path: Path, schema: str, extension: str) -> None:
    """An extension for superusers, or one that development does not have, is named before anything is written."""
    for folder in ("orm", "schema"):
        (tmp_path / folder).mkdir()

    with pytest.raises(CommandError, match=f'owner without further rights .*extension "{extension}"'):
        add_table(tmp_path, (SCHEMAS / f"{schema}.sql").read_text(), None, "")


@pytest.mark.long
def test_services_over_real_schemas_work_as_they_are_made_and_leave_no_trace(
    clone: Path, postgres: EmbeddedPostgres
) -> None:
    """
    A composite key of required references, Prisma's names, rare types, and a partitioned table of a database.

    They pass every check and test; one needs a value that its check accepts. Removed again, git shows no change.
    """
    first = git(clone, "rev-parse", "HEAD").strip()
    url = postgres.create_database("made_up_schema", PASSWORD).replace("+asyncpg", "")
    script = (SCHEMAS / "rental.sql").read_text()
    rule = "ALTER TABLE public.payment ADD CHECK (paid_at < '2026-04-01');"
    postgres.execute(f"SET ROLE made_up_schema;{script}{rule}", database="made_up_schema")
    strange = clone.with_name("strange.sql")
    strange.write_text(usable((SCHEMAS / "strange.sql").read_text()))
    tables = zip(
        NAMES,
        (SCHEMAS / "board.sql", SCHEMAS / "rental.sql", url, strange),
        ("Task", "movie_person", "payment", "rare"),
        strict=True,
    )
    for name, schema, table in tables:
        made = run(
            clone, "cli", "service", "create", name,
            "--database", "reflected", "--schema", str(schema), "--table", table,
        )  # fmt: skip
        assert ("SAMPLE" in made) is (table == "payment"), made
        assert PASSWORD not in made
        commit(clone)
    assert PASSWORD not in git(clone, "log", "-p", f"{first}..")
    conftest = clone / "tests" / "made_up_money" / "conftest.py"
    edit(conftest, "SAMPLE: Sample = {}", f"SAMPLE: Sample = {SAMPLE}")
    edit(conftest, "from typing", "from datetime import UTC, datetime\nfrom typing")
    commit(clone)

    theirs = [part for name in NAMES for part in (name, f"tests/{name}")]
    checks = (["ruff", "check", *theirs], ["ruff", "format", "--check", *theirs], ["mypy", *NAMES])
    for arguments in (
        *checks,
        ["cli", "render", "--check"],
        *(["cli", "orm", "all", name, "--check"] for name in NAMES),
    ):
        run(clone, *arguments)
    tests = [part for name in NAMES for part in (f"--service={name}", f"tests/{name}")]
    run(clone, "pytest", "-n", "0", "-q", *tests, *(str(file) for file in clone.glob("tests/test_*.py")))

    for name in reversed(NAMES):
        run(clone, "cli", "service", "remove", name)
        commit(clone)
    assert git(clone, "diff", "--stat", first) == ""


def usable(script: str) -> str:
    """Return the tables of a script: without rows, without what their owner may not create or PostgreSQL cuts off."""
    tables = script.partition("INSERT INTO")[0]
    for unwanted in ("CREATE EXTENSION vector;", "vector vector(2),", '"char" "char",'):
        assert unwanted in tables
        tables = tables.replace(unwanted, "")
    return tables


def edit(file: Path, old: str, new: str) -> None:
    """Replace a text in a file, once."""
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
