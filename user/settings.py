"""Settings of the user service."""

import re
from email.headerregistry import HeaderRegistry
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from chassis.core.setting_types import BaseUrl, ServiceUrl
from chassis.messaging.event import peers_of
from chassis.postgres.database import PostgresUrl
from chassis.settings import Environment, ServiceSettings
from user.calls import CALLS
from user.events import EVENTS
from user.mail.smtp_url import SmtpUrl
from user.tokens.signing_keys import SigningKeys

_HEADERS = HeaderRegistry()


def _one_sender(value: str) -> str:
    """Check the sender in the form that mails will carry."""
    try:
        header: Any = _HEADERS("From", value)
        is_one = value.isprintable() and not header.defects and [bool(one.domain) for one in header.addresses] == [True]
    except IndexError:  # raised by the standard library when nothing follows the @
        is_one = False
    if not is_one:
        raise ValueError("must look like no-reply@example.org or Shop <no-reply@example.org>")
    return value


def _in_development(settings: dict[str, Any]) -> bool:
    return settings.get("environment") is Environment.LOCAL


class Settings(ServiceSettings):
    """The user service's settings."""

    service_name: ClassVar[str] = "user"
    about: ClassVar[str] = "Accounts, sessions and access tokens."
    peers: ClassVar[frozenset[str]] = peers_of(CALLS, EVENTS)

    user_database_url: PostgresUrl
    analytics_service_url: ServiceUrl
    jwt_private_key: SigningKeys
    smtp_url: SmtpUrl | None = None
    mail_from: Annotated[str, AfterValidator(_one_sender)] = "no-reply@localhost"
    app_url: BaseUrl | None = None
    plain_registration: bool = Field(default_factory=_in_development)

    @property
    def issuer_address(self) -> str | None:
        """JWT_ISSUER, if it is the public address of this service; outside development it must be https (RFC 8414)."""
        scheme = "https?" if self.environment is Environment.LOCAL else "https"
        return self.jwt_issuer if re.fullmatch(rf"{scheme}://[^/?#@\s]+", self.jwt_issuer) else None
