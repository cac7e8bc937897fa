"""What the product service reads from the environment."""

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, StringConstraints

from chassis.postgres import PostgresUrl
from chassis.setting_types import ServiceUrl
from chassis.settings import ServiceSettings

_OTHER_DECIMALS = (
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF BHD IQD JOD KWD LYD OMR TND CLF UYW"
)
"""Currencies of ISO 4217 with none, three or four decimals."""


def _with_two_decimals(currency: str) -> str:
    if currency in _OTHER_DECIMALS:
        raise ValueError("must be a currency with two decimals")
    return currency


class Settings(ServiceSettings):
    """The product service's settings."""

    service_name: ClassVar[str] = "product"
    calls: ClassVar[tuple[str, ...]] = ("user", "analytics")
    tokens_from: ClassVar[str | None] = "user"

    product_database_url: PostgresUrl
    user_service_url: ServiceUrl
    analytics_service_url: ServiceUrl
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$"), AfterValidator(_with_two_decimals)] = "EUR"
    """ISO 4217; one with two decimals."""
    reservation_seconds: int = Field(default=120, ge=1, le=86_400)
    """How long an order may take to commit what it has reserved."""
