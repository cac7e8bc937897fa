"""The part of product in `bin/cli demo`: an admin fills the catalogue."""

from collections import Counter
from typing import Any

from cli.demo.person import Person

CATALOGUE = (
    {"name": "Teapot", "price": 24.50, "stock": 100},
    {"name": "Cup", "price": 6.99, "stock": 400},
    {"name": "Kettle", "price": 199.99, "stock": 12},
)
_PATH = "/api/v1/products"


async def demo(_person: Person, admin: Person) -> Counter[str]:
    """Create the products that are missing, and refill the others; the person does nothing that is counted."""
    for wanted in CATALOGUE:
        await _ensure(admin, wanted)
    return Counter()


async def _ensure(admin: Person, wanted: dict[str, Any]) -> None:
    name = wanted["name"]
    product = await _find(admin, name)
    if product is None:
        await admin.do("create it", "product", f"POST {_PATH}", wanted)
    elif missing := max(0, wanted["stock"] - product["stock"]):
        adjustment = {"change": missing, "reason": "Sold by earlier demos."}
        await admin.do(f"refill it by {missing}", "product", f"POST {_PATH}/{product['id']}/stock", adjustment)


async def _find(person: Person, name: str) -> dict[str, Any] | None:
    """Return a product of this name."""
    query = {"q": name, "limit": "100"}
    found = (await person.do(f"find the {name.lower()}", "product", f"GET {_PATH}", query=query))["items"]
    return next((one for one in found if one["name"] == name), None)
