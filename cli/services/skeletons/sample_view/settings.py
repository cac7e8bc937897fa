"""Settings of the sample view service."""

from typing import ClassVar

from chassis.core.setting_types import ServiceUrl
from chassis.messaging.event import peers_of
from chassis.settings import ServiceSettings
from sample_view.calls import CALLS


class Settings(ServiceSettings):
    """The sample view service's settings."""

    service_name: ClassVar[str] = "sample_view"
    about: ClassVar[str] = "A person's account and logins in one answer."
    tokens_from: ClassVar[str | None] = "user"
    peers: ClassVar[frozenset[str]] = peers_of(CALLS, tokens_from=tokens_from)

    user_service_url: ServiceUrl
