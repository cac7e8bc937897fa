"""What the user service reads from the environment."""

from typing import ClassVar

from pydantic import AnyHttpUrl, SecretStr

from chassis.postgres import PostgresUrl
from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """The user service's settings."""

    service_name: ClassVar[str] = "user"
    calls: ClassVar[tuple[str, ...]] = ("analytics",)
    announces_to: ClassVar[tuple[str, ...]] = ("analytics",)

    user_database_url: PostgresUrl
    analytics_service_url: AnyHttpUrl
    jwt_private_key: SecretStr
