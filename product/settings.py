"""Settings of the product service."""

from typing import ClassVar

from pydantic import Field

from chassis.core.money import Currency
from chassis.core.setting_types import ServiceUrl
from chassis.messaging.event import peers_of
from chassis.postgres.database import PostgresUrl
from chassis.settings import ServiceSettings
from product.calls import CALLS
from product.events import EVENTS


class Settings(ServiceSettings):
    """The product service's settings."""

    service_name: ClassVar[str] = "product"
    about: ClassVar[str] = "The catalogue, its prices and its stock, and reservations of it."
    tokens_from: ClassVar[str | None] = "user"
    peers: ClassVar[frozenset[str]] = peers_of(CALLS, EVENTS, tokens_from)

    product_database_url: PostgresUrl
    user_service_url: ServiceUrl
    analytics_service_url: ServiceUrl
    currency: Currency = "EUR"
    """The currency of new products: an ISO 4217 code with two decimals. Others (JPY, BHD) are refused at start-up."""
    reservation_seconds: int = Field(default=120, ge=1, le=86_400)
    """How long an order may take to commit its reservation, seconds; after that the units return to the stock."""
