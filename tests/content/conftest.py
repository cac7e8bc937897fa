from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from chassis.postgres.database import Postgres
from tests.support.aliases import Bearer, MakeUser, People
from user.models import User

PATH = "/api/v1/pages"


@dataclass(frozen=True, slots=True)
class Pages:
    """The service as one person uses it, or an anonymous reader."""

    http: httpx.AsyncClient
    headers: Mapping[str, str]

    async def ask(self, method: str, path: str = "", **options: Any) -> httpx.Response:  # noqa: ANN401 - of httpx
        """Send a request to a path below that of pages."""
        headers = {**self.headers, **options.pop("headers", {})}
        return await self.http.request(method, f"{PATH}{path}", headers=headers, **options)

    async def create(self, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Create a page, a draft unless stated otherwise; returns what is read of it."""
        answer = await self.ask("POST", json={"slug": "about-us", "title": "About us"} | fields)
        assert answer.status_code == 201, answer.text
        return await self.read(answer.json()["id"])

    async def read(self, page_id: str) -> dict[str, Any]:
        """Return a page."""
        answer = await self.ask("GET", f"/{page_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def slugs(self, **query: object) -> list[str]:
        """Return the slugs of all pages of a list, in its order."""
        found, cursor = list[str](), dict[str, str]()
        while True:
            answer = await self.ask("GET", params={**query, **cursor})
            assert answer.status_code == 200, answer.text
            found += [one["slug"] for one in answer.json()["items"]]
            if (after := answer.json()["next_cursor"]) is None:
                return found
            cursor = {"cursor": after}


@pytest.fixture
async def editing(make_user: MakeUser) -> User:
    """A person with the role editor."""
    return await make_user("eve", role="editor")


@pytest.fixture
def editor(people: People, bearer: Bearer, editing: User) -> Pages:
    """The service as an editor uses it."""
    return Pages(people["content"], bearer(editing))


@pytest.fixture
def reader(people: People) -> Pages:
    """The service as an anonymous reader uses it."""
    return Pages(people["content"], {})


@pytest.fixture
def person(people: People, bearer: Bearer) -> Pages:
    """The service as a person without the role uses it."""
    return Pages(people["content"], bearer())


@pytest.fixture
def database(apps: dict[str, FastAPI], clean: None) -> Postgres:
    """The service's database."""
    store = apps["content"].state.application.store
    assert isinstance(store, Postgres)
    return store


@pytest.fixture
async def owner(environment: dict[str, str], clean: None) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection of the other team, which owns the tables."""
    connection = await asyncpg.connect(environment["CONTENT_OWNER_URL"].replace("+asyncpg", ""))
    yield connection
    await connection.close()


@pytest.fixture
def colleague(people: People, bearer: Bearer) -> Pages:
    """The service as another editor uses it."""
    return Pages(people["content"], bearer(role="editor"))
