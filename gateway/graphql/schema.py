"""The schema."""

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from gateway.graphql.errors import presented
from gateway.graphql.types.orders import OrderMutations, OrderQueries, Subscription
from gateway.graphql.types.pages import PageQueries
from gateway.graphql.types.products import ProductMutations, ProductQueries
from gateway.graphql.types.scalars import SCALARS
from gateway.graphql.types.statistics import StatisticsQueries
from gateway.graphql.types.users import UserMutations, UserQueries


@strawberry.type(description="What can be read.")
class Query(
    UserQueries,
    StatisticsQueries,
    # --- about product ---
    ProductQueries,
    # --- end about product ---
    # --- about order ---
    OrderQueries,
    # --- end about order ---
    # --- about content ---
    PageQueries,
    # --- end about content ---
):
    """What can be read."""


@strawberry.type(description="What can be changed.")
class Mutation(
    UserMutations,
    # --- about product ---
    ProductMutations,
    # --- end about product ---
    # --- about order ---
    OrderMutations,
    # --- end about order ---
):
    """What can be changed."""


class Schema(strawberry.Schema):
    """A schema that presents the errors of fields as clients may see them."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:  # noqa: ARG002
        """Replace the errors of an answer, in place."""
        errors[:] = map(presented, errors)


SCHEMA = Schema(
    query=Query,
    mutation=Mutation,
    # --- about order ---
    subscription=Subscription,
    # --- end about order ---
    config=StrawberryConfig(scalar_map=SCALARS),
)
