"""Who may call each route of sample_record, and what its requests are about."""

from uuid import UUID

from fastapi import FastAPI

from sample_record.models import SampleRecord
from tests.support.access import THING, AccessTable

_PATH = "/api/v1/sample-records"


async def make_things(apps: dict[str, FastAPI], ada: UUID) -> dict[str, str]:
    """Create Ada's sample record."""
    async with apps["sample_record"].state.application.store.transaction() as session:
        session.add(SampleRecord(id=UUID(THING), user_id=ada, name="First"))
    return {"sample_record_id": THING}


TABLE = AccessTable(
    policies={
        "POST /events": "service: user",
        f"GET {_PATH}": "person",
        f"POST {_PATH}": "person",
        f"GET {_PATH}/{{sample_record_id}}": "owner",
        f"PATCH {_PATH}/{{sample_record_id}}": "owner",
        f"DELETE {_PATH}/{{sample_record_id}}": "owner",
        f"GET {_PATH}/{{sample_record_id}}/owner": "admin",
    },
    bodies={
        "POST /events": [],
        f"POST {_PATH}": {"name": "First"},
        f"PATCH {_PATH}/{{sample_record_id}}": {"archived": True},
    },
    make_things=make_things,
)
