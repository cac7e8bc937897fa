"""Settings of the order service."""

from typing import ClassVar

from chassis.core.setting_types import ServiceUrl
from chassis.messaging.event import peers_of
from chassis.postgres.database import PostgresUrl
from chassis.settings import ServiceSettings
from order.calls import CALLS
from order.events import EVENTS


class Settings(ServiceSettings):
    """The order service's settings."""

    service_name: ClassVar[str] = "order"
    about: ClassVar[str] = "Orders, from pending to fulfilled."
    tokens_from: ClassVar[str | None] = "user"
    peers: ClassVar[frozenset[str]] = peers_of(CALLS, EVENTS, tokens_from)

    order_database_url: PostgresUrl
    product_service_url: ServiceUrl
    user_service_url: ServiceUrl
    analytics_service_url: ServiceUrl
