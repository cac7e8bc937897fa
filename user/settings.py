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
    content_service_url: ServiceUrl
    jwt_private_key: SigningKeys
    """
    Signs access tokens: an EC P-256 key in PEM. openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256
    During a rotation, several keys one after the other: the first one signs, all are published (docs/deployment.md).

    Example: JWT_PRIVATE_KEY_FILE=/run/secrets/jwt_private_key
    """
    smtp_url: SmtpUrl | None = None
    """
    The mail server: smtp:// (587, STARTTLS) or smtps:// (465); with a password nothing is sent without TLS.
    Percent-encode ":" in the name. The certificate is checked; SSL_CERT_FILE names another authority. Outside local a
    password is required. Without SMTP_URL, mail goes to mails.txt in LOG_DIR locally (or to the console); elsewhere,
    routes that need mail answer 503.

    Example: SMTP_URL=smtp://user:change-me@mail.example.org:587
    """
    mail_from: Annotated[str, AfterValidator(_one_sender)] = "no-reply@localhost"
    """
    The sender of mails: an address, with or without a name.

    Example: MAIL_FROM=Shop <no-reply@example.org>
    """
    app_url: BaseUrl | None = None
    """
    The web application that mails link to, as <APP_URL>/verify-email#token=… and <APP_URL>/reset-password#token=…;
    without it, mails contain the token and name the route that takes it.

    Example: APP_URL=https://shop.example.org
    """
    plain_registration: bool = Field(default_factory=_in_development)
    """
    Whether browsers and apps may register people by plain JSON (docs/accounts.md). Default: true locally, false
    elsewhere, where a trusted program registers them by sealed requests.

    Example: PLAIN_REGISTRATION=false
    """

    @property
    def issuer_address(self) -> str | None:
        """JWT_ISSUER, if it is the address at which people reach this service; https outside development (RFC 8414)."""
        scheme = "https?" if self.environment is Environment.LOCAL else "https"
        return self.jwt_issuer if re.fullmatch(rf"{scheme}://[^/?#@\s]+", self.jwt_issuer) else None
