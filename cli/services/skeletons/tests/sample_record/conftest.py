from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from chassis.postgres.database import Postgres
from tests.support.aliases import Bearer, MakeUser, People
from user.models import User

PATH = "/api/v1/sample-records"


@dataclass(frozen=True, slots=True)
class Owner:
    """A person with an account, and the service as this person uses it."""

    user: User
    http: httpx.AsyncClient
    headers: dict[str, str]

    async def create(self, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Create a sample record; returns it."""
        return dict((await self.request("POST", json={"name": "First"} | fields)).json())

    async def request(self, method: str, path: str = "", **options: Any) -> httpx.Response:  # noqa: ANN401 - of httpx
        """Send a request to a path below that of the resource."""
        headers = self.headers | options.pop("headers", {})
        return await self.http.request(method, f"{PATH}{path}", headers=headers, **options)

    async def list(self, query: str = "") -> list[dict[str, Any]]:
        """Return this person's sample records, newest first."""
        return list((await self.request("GET", query)).json()["items"])


MakeOwner = Callable[[str], Awaitable[Owner]]


@pytest.fixture
def make_owner(people: People, make_user: MakeUser, bearer: Bearer) -> MakeOwner:
    """Makes people with accounts."""

    async def make(username: str) -> Owner:
        user = await make_user(username)
        return Owner(user, people["sample_record"], bearer(user))

    return make


@pytest.fixture
async def ada(make_owner: MakeOwner) -> Owner:
    """A person."""
    return await make_owner("ada")


@pytest.fixture
async def bob(make_owner: MakeOwner) -> Owner:
    """Another person."""
    return await make_owner("bob")


@pytest.fixture
def database(apps: dict[str, FastAPI], clean: None) -> Postgres:
    """The service's database."""
    store = apps["sample_record"].state.application.store
    assert isinstance(store, Postgres)
    return store
