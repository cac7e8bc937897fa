"""The products of the demo."""

from typing import Any

from cli.demo.person import Person

CATALOGUE = (
    {"name": "Teapot", "price": 24.50, "stock": 100},
    {"name": "Cup", "price": 6.99, "stock": 400},
    {"name": "Kettle", "price": 199.99, "stock": 12},
)
_PATH = "/api/v1/products"


async def ensure_catalogue(admin: Person) -> list[str]:
    """Create the products that are missing, and refill the others; returns the ids, in the order of ``CATALOGUE``."""
    return [await _ensure(admin, wanted) for wanted in CATALOGUE]


async def _ensure(admin: Person, wanted: dict[str, Any]) -> str:
    name = wanted["name"]
    query = {"q": name, "limit": "100"}
    found = (await admin.do(f"find the {name.lower()}", "product", f"GET {_PATH}", query=query))["items"]
    product = next((one for one in found if one["name"] == name), None)
    if product is None:
        return str((await admin.do("create it", "product", f"POST {_PATH}", wanted))["id"])
    if missing := max(0, wanted["stock"] - product["stock"]):
        adjustment = {"change": missing, "reason": "Sold by earlier demos."}
        await admin.do(f"refill it by {missing}", "product", f"POST {_PATH}/{product['id']}/stock", adjustment)
    return str(product["id"])
