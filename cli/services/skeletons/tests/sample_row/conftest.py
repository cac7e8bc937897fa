from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Table

from chassis.postgres.database import Postgres
from cli.orm.rows import Sample, make_up
from sample_row.schemas import SampleRowCreate, SampleRowUpdate
from sample_row.table import COLUMNS, Model
from tests.support.aliases import Bearer, MakeUser, People

SAMPLE: Sample = {}
"""
Column (``"book.isbn"``) -> a value, or a function of a number that makes one (``lambda number: f"978-{number}"``).

Write what the tables accept where they refuse the values that cli/orm/rows.py makes up.
"""
PATH = "/api/v1/sample-rows"
CHANGED = min(SampleRowUpdate.model_fields, key=lambda name: bool(COLUMNS[name].property.columns[0].foreign_keys))
"""The field that tests change: the first one, if possible one that refers to no other row."""
TABLE = cast("Table", Model.__table__)


async def new_body(store: Postgres, number: int) -> dict[str, Any]:
    """Return a body that creates a row; the rows that it refers to are there."""
    fields = await _fields(store, number)
    created = {name: value for name, value in fields.items() if name in SampleRowCreate.model_fields}
    return SampleRowCreate.model_construct(**created).model_dump(mode="json", exclude_unset=True)


async def new_change(store: Postgres, number: int) -> dict[str, Any]:
    """Return a body that changes a row."""
    fields = await _fields(store, number)
    return SampleRowUpdate.model_construct(**{CHANGED: fields[CHANGED]}).model_dump(mode="json", exclude_unset=True)


async def _fields(store: Postgres, number: int) -> Mapping[str, Any]:
    also = [COLUMNS[CHANGED].property.columns[0].name]
    async with store.transaction() as session:
        values = await make_up(session, TABLE, number, SAMPLE, also)
    names = {column.property.columns[0].name: name for name, column in COLUMNS.items()}
    return {names[name]: value for name, value in values.items() if name in names}


@dataclass(frozen=True, slots=True)
class Editor:
    """The service as an editor uses it."""

    http: httpx.AsyncClient
    headers: Mapping[str, str]
    store: Postgres

    async def ask(self, method: str, path: str = "", **options: Any) -> httpx.Response:  # noqa: ANN401 - of httpx
        """Send a request to a path below that of the rows."""
        headers = {**self.headers, **options.pop("headers", {})}
        return await self.http.request(method, f"{PATH}{path}", headers=headers, **options)

    async def create(self, number: int) -> tuple[str, dict[str, Any]]:
        """Create a row; returns its path below that of the rows, and the row."""
        answer = await self.ask("POST", json=await new_body(self.store, number))
        assert answer.status_code == 201, answer.text
        return answer.headers["location"].removeprefix(PATH), dict(answer.json())

    async def list(self) -> list[dict[str, Any]]:
        """Return all rows, in pages of one."""
        found, cursor = list[dict[str, Any]](), dict[str, str]()
        while True:
            answer = (await self.ask("GET", params={"limit": "1", **cursor})).json()
            found += answer["items"]
            if answer["next_cursor"] is None:
                return found
            cursor = {"cursor": answer["next_cursor"]}


@pytest.fixture
def database(apps: dict[str, FastAPI], clean: None) -> Postgres:
    """The service's database."""
    store = apps["sample_row"].state.application.store
    assert isinstance(store, Postgres)
    return store


@pytest.fixture
async def editor(people: People, make_user: MakeUser, bearer: Bearer, database: Postgres) -> Editor:
    """The service as an editor uses it."""
    return Editor(people["sample_row"], bearer(await make_user("eve", role="editor")), database)
