"""Settings of the sample record service."""

from typing import ClassVar

from chassis.core.setting_types import ServiceUrl
from chassis.messaging.event import peers_of
from chassis.postgres.database import PostgresUrl
from chassis.settings import ServiceSettings
from sample_record.calls import CALLS
from sample_record.events import EVENTS


class Settings(ServiceSettings):
    """The sample record service's settings."""

    service_name: ClassVar[str] = "sample_record"
    about: ClassVar[str] = "People's own sample records."
    tokens_from: ClassVar[str | None] = "user"
    peers: ClassVar[frozenset[str]] = peers_of(CALLS, EVENTS, tokens_from)

    sample_record_database_url: PostgresUrl
    user_service_url: ServiceUrl
    analytics_service_url: ServiceUrl
