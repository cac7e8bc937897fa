"""The part of order in `bin/cli demo`: a person buys from the catalogue that product's part has filled."""

from collections import Counter
from contextlib import suppress

from chassis.core.types import new_id
from chassis.dispatch.errors import RemoteError
from cli.demo.person import Person, note
from cli.errors import CommandError

_ORDERS = "/api/v1/orders"


async def demo(person: Person, _admin: Person) -> Counter[str]:
    """Order, repeat, cancel, and order more than there is; returns the events that are counted then."""
    teapot, cup, kettle = [await _find(person, name) for name in ("Teapot", "Cup", "Kettle")]
    several, key = {"items": [_item(teapot, 2), _item(cup, 6)]}, str(new_id())
    await _order(person, "order one product", _item(kettle, 1))
    first = await _order(person, "order several", several, key)
    if await _order(person, "the same key again", several, key) != first:
        raise CommandError("The same Idempotency-Key created two orders.")
    order = f"{_ORDERS}/{await _order(person, 'order some more', _item(cup, 1))}"
    note((await person.do("cancel that", "order", f"POST {order}/cancel"))["status"])
    history = (await person.do("its history", "order", f"GET {order}/history"))["items"]
    note(" -> ".join(f"{one['status']} ({one['cause']})" for one in history))
    with suppress(RemoteError):
        await _order(person, "order 13 of 12", _item(kettle, 13))
        raise CommandError("More units were sold than are in stock.")
    await person.do("list one's orders", "order", f"GET {_ORDERS}")
    return Counter({"order.confirmed": 3, "order.cancelled": 1, "order.rejected": 1})


async def _order(person: Person, what: str, wanted: object, key: str | None = None) -> str:
    placed = await person.do(what, "order", f"POST {_ORDERS}", wanted, key=key)
    note(f"{placed['status']}, {placed['total_price']} {placed['currency']}, {placed['id']}")
    return str(placed["id"])


async def _find(person: Person, name: str) -> str:
    path, query = "GET /api/v1/products", {"q": name, "limit": "100"}
    found = (await person.do(f"find the {name.lower()}", "product", path, query=query))["items"]
    return next(str(one["id"]) for one in found if one["name"] == name)


def _item(product_id: str, quantity: int) -> dict[str, object]:
    return {"product_id": product_id, "quantity": quantity}
