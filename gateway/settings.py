"""Settings of the gateway service."""

from collections.abc import Iterable
from typing import ClassVar, Literal

from pydantic import Field

from chassis.core.setting_types import ServiceUrl
from chassis.postgres.database import PostgresUrl
from chassis.settings import Environment, InvalidSettings, ServiceSettings
from gateway.rate_limits.rates import DEFAULT_RATES, RatesSetting


class Settings(ServiceSettings):
    """The gateway service's settings."""

    service_name: ClassVar[str] = "gateway"
    about: ClassVar[str] = "One address for people: the routes of all services, sealed behind."
    tokens_from: ClassVar[str | None] = "user"

    gateway_database_url: PostgresUrl
    gateway_rate_limits: RatesSetting = Field(default_factory=lambda: dict(DEFAULT_RATES))
    """
    How many units a person, or an address without a login, may use of each class of routes: units/seconds, which are
    free again evenly over that time. A request costs one unit, a GraphQL query more by its cost. Classes that are left
    out keep their defaults: default 1200/60, login 60/60, mail 30/300, refresh 300/60, counts 60/60. "off" instead of a
    rate, or of all JSON, is no limit. The classes of routes are in */service.toml (limits).

    Example: GATEWAY_RATE_LIMITS={"default": "1200/60", "login": "60/60", "counts": "off"}
    """
    graphql_documents: Literal["trusted", "any"] | None = None
    """
    Which GraphQL documents are executed: the trusted ones alone (gateway/documents), or any. Without it, any in
    development, and trusted elsewhere. Only development answers queries of the schema, and has a page at /graphql.

    Example: GRAPHQL_DOCUMENTS=any
    """
    # --- rendered: services, from */service.toml (bin/cli render, 4ce96142) ---
    peers: ClassVar[frozenset[str]] = frozenset(
        {
            "analytics",
            "user",
            "product",
            "order",
            "content",
        }
    )
    analytics_service_url: ServiceUrl
    user_service_url: ServiceUrl
    product_service_url: ServiceUrl
    order_service_url: ServiceUrl
    content_service_url: ServiceUrl
    # --- end of services ---

    def refuse_unknown_limits(self, limits: Iterable[str]) -> None:
        """
        Check that these classes of routes have a rate, or are not limited.

        Raises:
            InvalidSettings: One is missing.
        """
        missing = sorted({*limits} - self.gateway_rate_limits.keys())
        problems = [f'GATEWAY_RATE_LIMITS: add a rate for "{limit}", as a service.toml names it' for limit in missing]
        if problems:
            raise InvalidSettings(self.service_name, problems)

    @property
    def trusted_documents_only(self) -> bool:
        """Whether only trusted GraphQL documents are executed."""
        return (self.graphql_documents or ("any" if self.open_schema else "trusted")) == "trusted"

    @property
    def open_schema(self) -> bool:
        """Whether the GraphQL schema may be queried, and errors suggest names of it."""
        return self.environment is Environment.LOCAL
