"""Settings of the gateway service."""

from typing import ClassVar, Literal

from chassis.core.setting_types import ServiceUrl
from chassis.postgres.database import PostgresUrl
from chassis.settings import Environment, ServiceSettings


class Settings(ServiceSettings):
    """The gateway service's settings."""

    service_name: ClassVar[str] = "gateway"
    about: ClassVar[str] = "One address for people: the routes of all services, sealed behind."
    tokens_from: ClassVar[str | None] = "user"

    gateway_database_url: PostgresUrl
    graphql_documents: Literal["trusted", "any"] | None = None
    """
    Which GraphQL documents are executed: the trusted ones alone (gateway/documents), or any. Without it, any in
    development, and trusted elsewhere. Only development answers queries of the schema, and has a page at /graphql.

    Example: GRAPHQL_DOCUMENTS=any
    """
    # --- rendered: services, from */service.toml (bin/cli render, 18f5c913) ---
    peers: ClassVar[frozenset[str]] = frozenset({"analytics", "user", "product", "order"})
    analytics_service_url: ServiceUrl
    user_service_url: ServiceUrl
    product_service_url: ServiceUrl
    order_service_url: ServiceUrl
    # --- end of services ---

    @property
    def trusted_documents_only(self) -> bool:
        """Whether only trusted GraphQL documents are executed."""
        return (self.graphql_documents or ("any" if self.open_schema else "trusted")) == "trusted"

    @property
    def open_schema(self) -> bool:
        """Whether the GraphQL schema may be queried, and errors suggest names of it."""
        return self.environment is Environment.LOCAL
