"""The catalogue."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Self
from uuid import UUID

import strawberry

from gateway.caller import checked
from gateway.calls import ADJUST_STOCK, CREATE_PRODUCT, LIST_PRODUCTS, READ_PRODUCT
from gateway.graphql.context import Info
from gateway.graphql.types.connections import PAGE, After, Connection, First, Key, connection
from gateway.schemas.products import NewProduct, ProductRead, StockChange

ProductId = Annotated[UUID, strawberry.argument(name="id", description="The id of the product.")]


@strawberry.enum(description="The order of a list of products.")
class ProductSort(Enum):
    """The order of a list of products."""

    NEWEST = strawberry.enum_value("newest", description="The newest first.")
    CHEAPEST = strawberry.enum_value("price", description="The cheapest first.")
    DEAREST = strawberry.enum_value("-price", description="The most expensive first.")
    NAME = strawberry.enum_value("name", description="By name.")


@strawberry.type(description="A product.")
class Product:
    """A product."""

    id: UUID = strawberry.field(description="Its id.")
    name: str = strawberry.field(description="Its name.")
    description: str = strawberry.field(description="Its description; may be empty.")
    price: Decimal = strawberry.field(description="The price of one unit.")
    currency: str = strawberry.field(description="The currency of the price, as in EUR.")
    stock: int = strawberry.field(description="Units that can be ordered.")
    created_at: datetime = strawberry.field(description="When it was added.")
    updated_at: datetime = strawberry.field(description="The time of the last edit; sales do not count.")

    @classmethod
    def of(cls, product: ProductRead) -> Self:
        """Build it from the answer of the product service."""
        return cls(
            id=product.id,
            name=product.name,
            description=product.description,
            price=product.price,
            currency=product.currency,
            stock=product.stock,
            created_at=product.created_at,
            updated_at=product.updated_at,
        )


@strawberry.input(description="A new product.")
class ProductInput:
    """A new product."""

    name: str = strawberry.field(description="1 to 200 characters.")
    description: str = strawberry.field(default="", description="Up to 5,000 characters.")
    price: Decimal = strawberry.field(description="The price of one unit.")
    stock: int = strawberry.field(default=0, description="Units that can be ordered.")


@strawberry.type
class ProductQueries:
    """Queries about products."""

    @strawberry.field(description="A product.")
    async def product(self, info: Info, product_id: ProductId) -> Product | None:
        """Read a product."""
        return Product.of(await info.context.caller.call(READ_PRODUCT, path={"product_id": product_id}))

    @strawberry.field(description="The catalogue.")
    async def products(  # noqa: PLR0913 - the arguments of the list
        self,
        info: Info,
        first: First = PAGE,
        after: After = None,
        search: Annotated[
            str | None, strawberry.argument(description="Each of its words begins a word of the name.")
        ] = None,
        min_price: Annotated[Decimal | None, strawberry.argument(description="The lowest price.")] = None,
        max_price: Annotated[Decimal | None, strawberry.argument(description="The highest price.")] = None,
        *,
        in_stock: Annotated[
            bool | None, strawberry.argument(description="Only products in stock, or only those out of stock.")
        ] = None,
        sort: Annotated[ProductSort, strawberry.argument(description="The order of the list.")] = ProductSort.NEWEST,
        ids: Annotated[
            list[UUID] | None,
            strawberry.argument(description="These products, 80 at most, in this order; `first` does not count."),
        ] = None,
    ) -> Connection[Product] | None:
        """List products."""
        query = {
            "limit": first,
            "cursor": after,
            "q": search,
            "min_price": min_price,
            "max_price": max_price,
            "in_stock": in_stock,
            "sort": sort.value,
            "ids": ids,
        }
        return connection(await info.context.caller.call(LIST_PRODUCTS, query=query), Product.of, after)


@strawberry.type
class ProductMutations:
    """Changes of products."""

    @strawberry.mutation(description="Add a product, for admins.")
    async def create_product(
        self,
        info: Info,
        product_input: Annotated[ProductInput, strawberry.argument(description="The new product.")],
        idempotency_key: Key = None,
    ) -> Product | None:
        """Add a product."""
        body = checked(
            NewProduct,
            name=product_input.name,
            description=product_input.description,
            price=product_input.price,
            stock=product_input.stock,
        )
        return Product.of(await info.context.caller.call(CREATE_PRODUCT, body, key=idempotency_key))

    @strawberry.mutation(description="Correct a stock, for admins.")
    async def adjust_stock(
        self,
        info: Info,
        product_id: ProductId,
        change: Annotated[int, strawberry.argument(description="Units added; negative if they are removed.")],
        reason: Annotated[str, strawberry.argument(description="The reason, 1 to 200 characters.")],
        idempotency_key: Key = None,
    ) -> Product | None:
        """Correct a stock."""
        body = checked(StockChange, change=change, reason=reason)
        path = {"product_id": product_id}
        return Product.of(await info.context.caller.call(ADJUST_STOCK, body, path=path, key=idempotency_key))
