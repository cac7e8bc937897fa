"""Who may call each route of gateway; the routes that it forwards are in the tables of their services."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from fastapi import FastAPI

from tests.content.access import make_things as make_page
from tests.order.access import make_things as make_order
from tests.product.access import make_things as make_product
from tests.support.access import AccessTable

_MAKERS: list[Callable[[dict[str, FastAPI], UUID], Awaitable[dict[str, str]]]] = [
    # --- about product ---
    make_product,
    # --- end about product ---
    # --- about order ---
    make_order,
    # --- end about order ---
]
"""The last one makes the things of those before it, too."""


async def make_things(apps: dict[str, FastAPI], ada: UUID) -> dict[str, str]:
    """Create what routes and fields are about."""
    made = dict[str, str]()
    for make in _MAKERS[-1:]:
        made |= await make(apps, ada)
    # --- about content ---
    made |= await make_page(apps, ada)
    # --- end about content ---
    return made


TABLE = AccessTable(
    policies={
        "POST /graphql": "public",
        "GET /graphql": "public",
        "GET /bff/v1/overview": "person, plain",
        # --- about order ---
        "GET /bff/v1/orders/{order_id}": "owner/admin, plain",
        # --- end about order ---
    },
    make_things=make_things,
    bodies={"POST /graphql": {"query": "{ __typename }"}},
    queries={"GET /graphql": "query={__typename}"},
)
