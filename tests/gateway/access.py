"""Who may call each route of gateway; the routes that it forwards are in the tables of their services."""

from uuid import UUID

from fastapi import FastAPI

from tests.support.access import AccessTable


async def make_things(_apps: dict[str, FastAPI], _ada: UUID) -> dict[str, str]:
    """Create nothing: no route is about a thing of gateway's own."""
    return {}


TABLE = AccessTable(
    policies={"POST /graphql": "public", "GET /graphql": "public"},
    make_things=make_things,
    bodies={"POST /graphql": {"query": "{ __typename }"}},
    queries={"GET /graphql": "query={__typename}"},
)
