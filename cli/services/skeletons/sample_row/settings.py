"""Settings of the sample row service."""

from typing import ClassVar

from chassis.core.setting_types import ServiceUrl
from chassis.messaging.event import peers_of
from chassis.postgres.database import PostgresUrl
from chassis.settings import ServiceSettings
from sample_row.calls import CALLS


class Settings(ServiceSettings):
    """The sample row service's settings."""

    service_name: ClassVar[str] = "sample_row"
    about: ClassVar[str] = "Rows of a table that another team owns."
    tokens_from: ClassVar[str | None] = "user"
    peers: ClassVar[frozenset[str]] = peers_of(CALLS, tokens_from=tokens_from)

    sample_row_database_url: PostgresUrl
    user_service_url: ServiceUrl
