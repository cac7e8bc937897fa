"""Settings of the gateway service."""

from typing import ClassVar

from chassis.core.setting_types import ServiceUrl
from chassis.postgres.database import PostgresUrl
from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """The gateway service's settings."""

    service_name: ClassVar[str] = "gateway"
    about: ClassVar[str] = "One address for people: the routes of all services, sealed behind."
    tokens_from: ClassVar[str | None] = "user"

    gateway_database_url: PostgresUrl
    # --- rendered: services, from */service.toml (bin/cli render, 18f5c913) ---
    peers: ClassVar[frozenset[str]] = frozenset({"analytics", "user", "product", "order"})
    analytics_service_url: ServiceUrl
    user_service_url: ServiceUrl
    product_service_url: ServiceUrl
    order_service_url: ServiceUrl
    # --- end of services ---
