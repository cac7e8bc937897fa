"""Settings of the sample document service."""

from typing import ClassVar

from chassis.core.setting_types import ServiceUrl
from chassis.messaging.event import peers_of
from chassis.mongodb.database import MongoUrl
from chassis.settings import ServiceSettings
from sample_document.calls import CALLS


class Settings(ServiceSettings):
    """The sample document service's settings."""

    service_name: ClassVar[str] = "sample_document"
    about: ClassVar[str] = "People's own sample documents."
    tokens_from: ClassVar[str | None] = "user"
    peers: ClassVar[frozenset[str]] = peers_of(CALLS, tokens_from=tokens_from)

    sample_document_mongodb_url: MongoUrl
    user_service_url: ServiceUrl
