"""Reading products."""

from collections.abc import Sequence
from uuid import UUID

from gateway.caller import Caller
from gateway.calls import LIST_PRODUCTS
from gateway.schemas.products import ProductRead


async def read_products(caller: Caller, ids: list[UUID]) -> Sequence[ProductRead | None]:
    """
    Return products in the order of the ids; None for those that are not in the catalogue.

    Raises:
        CallFailed: The product service has no answer.
    """
    found = (await caller.call(LIST_PRODUCTS, query={"ids": ids})).items
    by_id = {product.id: product for product in found}
    return [by_id.get(one) for one in ids]
