"""Requests of the keyed routes of product."""

from tests.support.aliases import People
from tests.support.repeated import KeyedRoutes, Repeated

PRODUCTS = "/api/v1/products"
TEAPOT = {"name": "Teapot", "price": 199.99, "stock": 5}


async def make_product(people: People, admin: dict[str, str]) -> dict[str, str]:
    """Create a product."""
    return {"product": (await people["product"].post(PRODUCTS, json=TEAPOT, headers=admin)).json()["id"]}


KEYED_ROUTES = KeyedRoutes(
    {
        f"POST {PRODUCTS}": Repeated(PRODUCTS, TEAPOT, PRODUCTS, {**TEAPOT, "name": "Cup"}, 201),
        f"POST {PRODUCTS}/{{product_id}}/stock": Repeated(
            f"{PRODUCTS}/<product>/stock",
            {"change": -3, "reason": "Broken."},
            f"{PRODUCTS}/<product>/stock",
            {"change": -2, "reason": "Broken."},
        ),
    },
    make_product,
)
