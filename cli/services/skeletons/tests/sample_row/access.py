"""Who may call each route of sample_row, and what its requests are about."""

from uuid import UUID

from fastapi import FastAPI

from chassis.core import json as strict_json
from sample_row.row_keys import address_of
from sample_row.schemas import KEY_PATH, SampleRowCreate
from sample_row.services.create_sample_row import create_sample_row
from tests.sample_row.conftest import PATH, new_body, new_change
from tests.support.access import AccessTable

_BODIES: dict[str, object] = {}
"""They refer to rows that are created with them."""


async def make_things(apps: dict[str, FastAPI], _ada: UUID) -> dict[str, str]:
    """Create a row, and what further requests refer to."""
    store = apps["sample_row"].state.application.store
    body = SampleRowCreate.model_validate(strict_json.loads(strict_json.dumps(await new_body(store, 1))))
    async with store.transaction() as session:
        row = await create_sample_row(session, body)
    _BODIES[f"POST {PATH}"] = await new_body(store, 2)
    _BODIES[f"PATCH {PATH}{KEY_PATH}"] = await new_change(store, 3)
    return dict(zip((part.strip("{}") for part in KEY_PATH[1:].split("/")), address_of(row).split("/"), strict=True))


TABLE = AccessTable(
    policies={
        f"GET {PATH}": "editor",
        f"POST {PATH}": "editor",
        f"GET {PATH}{KEY_PATH}": "editor",
        f"PATCH {PATH}{KEY_PATH}": "editor",
        f"DELETE {PATH}{KEY_PATH}": "editor",
    },
    bodies=_BODIES,
    make_things=make_things,
)
