"""Requests of the keyed routes of sample_row."""

import os
from typing import Any

from pydantic import SecretStr

from chassis.postgres.database import Postgres
from cli.databases import opened
from tests.sample_row.conftest import PATH, new_body
from tests.support.aliases import People
from tests.support.repeated import KeyedRoutes, Repeated


async def make_things(_people: People, _admin: dict[str, Any]) -> dict[str, Any]:
    """Create what the bodies refer to; returns the bodies."""
    async with opened(Postgres(SecretStr(os.environ["SAMPLE_ROW_DATABASE_URL"]), "tests")) as store:
        return {"first": await new_body(store, 1), "second": await new_body(store, 2)}


KEYED_ROUTES = KeyedRoutes({f"POST {PATH}": Repeated(PATH, "<first>", PATH, "<second>", status=201)}, make_things)
