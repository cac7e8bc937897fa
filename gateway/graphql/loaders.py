"""Loaders of one request: what many resolvers read one by one is read by one call for up to 80 ids."""

from collections.abc import Sequence
from uuid import UUID

from strawberry.dataloader import DataLoader

from chassis.core.errors import Forbidden
from gateway.caller import Caller

# --- about product ---
from gateway.calls import LIST_PRODUCTS, LIST_USERS, READ_PROFILE
from gateway.errors import CallFailed
from gateway.schemas.products import ProductRead
from gateway.schemas.users import Account

# --- end about product ---

CHUNK = 80
"""Ids of one call: with a person's token they fit into the header of a sealed request (6 KiB)."""


class Loaders:
    """Loaders for the things that others name by their ids; each reads a thing once in a request."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self.users = DataLoader[UUID, Account | None](self._read_users, CHUNK)
        # --- about product ---
        self.products = DataLoader[UUID, ProductRead | None](self._read_products, CHUNK)
        # --- end about product ---

    async def _read_users(self, ids: list[UUID]) -> Sequence[Account | BaseException | None]:
        """Read accounts: an admin any, others their own alone."""
        try:
            found = (await self._caller.call(LIST_USERS, query={"ids": ids})).items
        except CallFailed as error:
            if error.failure.status != Forbidden.status:
                raise
            own = await self._caller.call(READ_PROFILE)
            return [own if one == own.id else error for one in ids]
        by_id = {account.id: account for account in found}
        return [by_id.get(one) for one in ids]

    # --- about product ---
    async def _read_products(self, ids: list[UUID]) -> Sequence[ProductRead | None]:
        found = (await self._caller.call(LIST_PRODUCTS, query={"ids": ids})).items
        by_id = {product.id: product for product in found}
        return [by_id.get(one) for one in ids]

    # --- end about product ---
