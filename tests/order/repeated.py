"""Requests of the keyed routes of order."""

from tests.product.repeated import make_product
from tests.support.aliases import People
from tests.support.repeated import KeyedRoutes, Repeated

ORDERS = "/api/v1/orders"


async def make_orders(people: People, admin: dict[str, str]) -> dict[str, str]:
    """Create a product and two orders of it."""
    things = await make_product(people, admin)
    wanted = {"product_id": things["product"], "quantity": 1}
    for name in ("order", "neighbour"):
        things[name] = (await people["order"].post(ORDERS, json=wanted, headers=admin)).json()["id"]
    return things


KEYED_ROUTES = KeyedRoutes(
    {
        f"POST {ORDERS}": Repeated(
            ORDERS, {"product_id": "<product>", "quantity": 1}, ORDERS, {"product_id": "<product>", "quantity": 2}, 201
        ),
        f"POST {ORDERS}/{{order_id}}/cancel": Repeated(
            f"{ORDERS}/<order>/cancel", None, f"{ORDERS}/<neighbour>/cancel", None
        ),
        f"POST {ORDERS}/{{order_id}}/fulfil": Repeated(
            f"{ORDERS}/<order>/fulfil", None, f"{ORDERS}/<neighbour>/fulfil", None
        ),
    },
    make_orders,
)
