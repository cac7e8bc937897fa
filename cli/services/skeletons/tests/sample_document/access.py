"""Who may call each route of sample_document, and what its requests are about."""

from uuid import UUID

from fastapi import FastAPI

from chassis.core.types import new_id
from sample_document.schemas import SampleDocumentCreate
from sample_document.services.create_sample_document import create_sample_document
from tests.support.access import THING, AccessTable

_PATH = "/api/v1/sample-documents"


async def make_things(apps: dict[str, FastAPI], ada: UUID) -> dict[str, str]:
    """Create Ada's sample document."""
    async with apps["sample_document"].state.application.store.use() as database:
        await create_sample_document(database, ada, SampleDocumentCreate(id=UUID(THING), name="First"))
    return {"sample_document_id": THING}


TABLE = AccessTable(
    policies={
        "POST /events": "service: user",
        f"GET {_PATH}": "person",
        f"POST {_PATH}": "person",
        f"GET {_PATH}/{{sample_document_id}}": "owner",
        f"PATCH {_PATH}/{{sample_document_id}}": "owner",
        f"DELETE {_PATH}/{{sample_document_id}}": "owner",
        f"GET {_PATH}/{{sample_document_id}}/owner": "admin",
    },
    bodies={
        "POST /events": [],
        f"POST {_PATH}": {"id": str(new_id()), "name": "First"},
        f"PATCH {_PATH}/{{sample_document_id}}": {"archived": True},
    },
    make_things=make_things,
)
