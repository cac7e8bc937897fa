"""Who may call each route of sample_view, and what its requests are about."""

from uuid import UUID

from fastapi import FastAPI

from tests.support.access import AccessTable


async def make_things(_apps: dict[str, FastAPI], _ada: UUID) -> dict[str, str]:
    """Create nothing: each person has an account."""
    return {}


TABLE = AccessTable(policies={"GET /api/v1/sample-views/own": "person"}, make_things=make_things)
