"""What the user service reads from the environment."""

from typing import ClassVar

from pydantic import AnyHttpUrl

from chassis.auth.signing_keys import SigningKeys
from chassis.postgres import PostgresUrl
from chassis.settings import ServiceSettings
from user.smtp_url import SmtpUrl


class Settings(ServiceSettings):
    """The user service's settings."""

    service_name: ClassVar[str] = "user"
    calls: ClassVar[tuple[str, ...]] = ("analytics",)

    user_database_url: PostgresUrl
    analytics_service_url: AnyHttpUrl
    jwt_private_key: SigningKeys
    smtp_url: SmtpUrl | None = None
    mail_from: str = "no-reply@localhost"
    app_url: AnyHttpUrl | None = None
