"""What the order service reads from the environment."""

from typing import ClassVar

from chassis.core.setting_types import ServiceUrl
from chassis.postgres.database import PostgresUrl
from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """The order service's settings."""

    service_name: ClassVar[str] = "order"
    calls: ClassVar[tuple[str, ...]] = ("product", "user", "analytics")
    tokens_from: ClassVar[str | None] = "user"

    order_database_url: PostgresUrl
    product_service_url: ServiceUrl
    user_service_url: ServiceUrl
    analytics_service_url: ServiceUrl
