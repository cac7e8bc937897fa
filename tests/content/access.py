"""Who may call each route of content, and what its requests are about."""

from uuid import UUID

from fastapi import FastAPI
from sqlalchemy import insert

from content.orm.tables import Page
from tests.support.access import THING, AccessTable

_PATH = "/api/v1/pages"


async def make_things(apps: dict[str, FastAPI], _ada: UUID) -> dict[str, str]:
    """Create a published page of somebody else."""
    text = {"id": THING, "slug": "about-us", "title": "About us", "body": "Text."}
    page = {**text, "status": "PUBLISHED", "author_id": UUID(THING)}
    async with apps["content"].state.application.store.transaction() as session:
        await session.execute(insert(Page).values(page))
    return {"page_id": THING, "slug": "about-us"}


TABLE = AccessTable(
    policies={
        "POST /events": "service: user",
        f"GET {_PATH}": "known or not",
        f"POST {_PATH}": "editor",
        f"GET {_PATH}/{{page_id}}": "known or not",
        f"GET {_PATH}/by-slug/{{slug}}": "known or not",
        f"PUT {_PATH}/{{page_id}}": "editor",
        f"PATCH {_PATH}/{{page_id}}": "editor",
        f"DELETE {_PATH}/{{page_id}}": "editor",
    },
    bodies={
        "POST /events": [],
        f"POST {_PATH}": {"slug": "another", "title": "Another"},
        f"PUT {_PATH}/{{page_id}}": {"slug": "about-us", "title": "About us"},
        f"PATCH {_PATH}/{{page_id}}": {"title": "All about us"},
    },
    make_things=make_things,
)
