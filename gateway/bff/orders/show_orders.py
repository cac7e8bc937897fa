"""Adding the products to the lines of orders."""

from collections.abc import Sequence
from uuid import UUID

from chassis.core.together import together
from gateway.bff.orders.schemas import OrderShown
from gateway.bff.parts import Problems
from gateway.caller import Caller
from gateway.reads.loaders import CHUNK
from gateway.reads.read_products import read_products
from gateway.schemas.orders import OrderRead
from gateway.schemas.products import ProductRead


async def show_orders(caller: Caller, problems: Problems, orders: Sequence[OrderRead]) -> list[OrderShown]:
    """Return orders with the products of their lines, which are null with an entry in *problems* if product fails."""
    shown = [OrderShown.of(order) for order in orders]
    ids = dict.fromkeys(line.product_id for order in shown for line in order.items)
    products = await problems.part("products", _read(caller, list(ids))) or {}
    for line in (line for order in shown for line in order.items):
        line.product = products.get(line.product_id)
    return shown


async def _read(caller: Caller, ids: list[UUID]) -> dict[UUID, ProductRead]:
    chunks = [ids[at : at + CHUNK] for at in range(0, len(ids), CHUNK)]
    read = await together(*(read_products(caller, chunk) for chunk in chunks))
    return {product.id: product for products in read for product in products if product}
