"""Settings of the content service."""

from typing import ClassVar

from chassis.core.setting_types import ServiceUrl
from chassis.messaging.event import peers_of
from chassis.postgres.database import PostgresUrl
from chassis.settings import ServiceSettings
from content.calls import CALLS
from content.events import EVENTS


class Settings(ServiceSettings):
    """The content service's settings."""

    service_name: ClassVar[str] = "content"
    about: ClassVar[str] = "Pages of the web site, in tables that its repository owns."
    tokens_from: ClassVar[str | None] = "user"
    peers: ClassVar[frozenset[str]] = peers_of(CALLS, EVENTS, tokens_from)

    content_database_url: PostgresUrl
    user_service_url: ServiceUrl
    analytics_service_url: ServiceUrl
