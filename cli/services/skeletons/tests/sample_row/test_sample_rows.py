import pytest
from sqlalchemy import text

from chassis.core.errors import AppError
from chassis.postgres.database import Postgres
from sample_row.errors import ReferenceNotFound, RuleViolated, StillReferenced, ValueInvalid, ValueTaken
from sample_row.schemas import SampleRowRead
from sample_row.services.constraints import explaining_violations
from sample_row.table import COLUMNS
from tests.sample_row.conftest import CHANGED, Editor, new_body, new_change
from tests.support.foreign import never_null


def test_what_may_be_null_in_the_table_may_be_null_in_answers() -> None:
    """After `make orm`, this names the fields of schemas.py that must follow."""
    assert never_null(SampleRowRead, COLUMNS) == []


async def test_it_is_stored_as_it_was_sent(editor: Editor, database: Postgres) -> None:
    """The Location leads to it; what is left out has its default."""
    body = await new_body(database, 1)
    answer = await editor.ask("POST", json=body)

    assert answer.status_code == 201, answer.text
    read = await editor.ask("GET", answer.headers["location"].removeprefix("/api/v1/sample-rows"))
    assert (read.json(), read.headers["etag"]) == (answer.json(), answer.headers["etag"])
    assert read.json() | body == read.json()


async def test_a_wrong_one_is_refused(editor: Editor, database: Postgres) -> None:
    """An unknown field is a 422, in each kind of write, and nothing is stored."""
    path, row = await editor.create(1)
    wrong = {"not_a_column": 1}

    created = await editor.ask("POST", json=await new_body(database, 2) | wrong)
    changed = await editor.ask("PATCH", path, json=await new_change(database, 2) | wrong)

    assert (created.status_code, changed.status_code) == (422, 422)
    assert await editor.list() == [row]


async def test_pages_follow_each_other(editor: Editor) -> None:
    """Each row is listed once, whatever its key."""
    rows = [(await editor.create(number))[1] for number in (1, 2, 3)]

    listed = await editor.list()

    assert sorted(map(str, listed)) == sorted(map(str, rows))


async def test_an_edit_changes_the_named_field_of_one(editor: Editor, database: Postgres) -> None:
    """All other rows, and its key, stay as they were."""
    (path, row), (_, other) = await editor.create(1), await editor.create(2)
    change = await new_change(database, 3)

    answer = await editor.ask("PATCH", path, json=change)

    assert answer.status_code == 200, answer.text
    assert answer.json()[CHANGED] == change[CHANGED] != row[CHANGED]
    assert (await editor.ask("GET", path)).json() == answer.json()
    assert other in await editor.list()
    assert (await editor.ask("PATCH", path, json={})).json()["code"] == "nothing_to_change"


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_a_write_does_not_undo_a_later_one(editor: Editor, database: Postgres, method: str) -> None:
    """With the entity tag of an earlier version the answer is 412; with the current one the write is made."""
    path, _ = await editor.create(1)
    before = await editor.ask("GET", path)
    changed = await editor.ask("PATCH", path, json=await new_change(database, 2))
    body = await new_change(database, 3) if method == "PATCH" else None

    stale = await editor.ask(method, path, json=body, headers={"If-Match": before.headers["etag"]})
    stored = await editor.ask("GET", path)
    current = await editor.ask(method, path, json=body, headers={"If-Match": stored.headers["etag"]})

    assert (stale.status_code, stored.json(), current.is_success) == (412, changed.json(), True)


async def test_one_is_deleted(editor: Editor) -> None:
    """It can no longer be read, and all others stay."""
    (path, _), (_, other) = await editor.create(1), await editor.create(2)

    assert (await editor.ask("DELETE", path)).status_code == 204

    assert await editor.list() == [other]
    for method in ("GET", "DELETE"):
        assert (await editor.ask(method, path)).json()["code"] == "sample_row_not_found"


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("23505", ValueTaken),
        ("23P01", ValueTaken),
        ("23503", ReferenceNotFound),
        ("23001", StillReferenced),
        ("23514", RuleViolated),
        ("P0001", RuleViolated),
        ("22003", ValueInvalid),
        ("54000", ValueInvalid),
    ],
)
async def test_what_the_table_refuses_is_explained(database: Postgres, state: str, kind: type[AppError]) -> None:
    """Each refusal of PostgreSQL is an error that says what to change."""
    with pytest.raises(kind):
        async with database.transaction() as session, explaining_violations(session):
            await session.execute(text(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$"))
