"""Settings of the analytics service."""

from typing import Annotated, ClassVar

from pydantic import Field

from analytics.calls import CALLS
from chassis.core.setting_types import ServiceUrl
from chassis.messaging.event import peers_of
from chassis.mongodb.database import MongoUrl
from chassis.sealing.access import CLIENT
from chassis.settings import Environment, ServiceSettings


class Settings(ServiceSettings):
    """The analytics service's settings."""

    service_name: ClassVar[str] = "analytics"
    about: ClassVar[str] = "Receives events, and answers questions about them."
    tokens_from: ClassVar[str | None] = "user"
    peers: ClassVar[frozenset[str]] = peers_of(CALLS, tokens_from=tokens_from)

    analytics_mongodb_url: MongoUrl
    user_service_url: ServiceUrl
    analytics_retention_days: dict[str, Annotated[int, Field(ge=1, le=36_500)]] = Field(default_factory=dict)
    """
    How many days events are kept, by type, in JSON; other types are kept for good. The counts stay. An event that is
    older on arrival is refused.

    Example: ANALYTICS_RETENTION_DAYS={"page.viewed": 30}
    """
    analytics_public_stats: bool = False
    """
    Whether GET /api/v1/analytics/stats (numbers of events by type and day) is public. In development it always is;
    elsewhere it needs the role analyst or admin, or a linked service.
    """

    @property
    def publishers(self) -> frozenset[str]:
        """The services that may deliver their events here: all that are linked."""
        return frozenset(self.links(required=set())) - {CLIENT}

    @property
    def shows_statistics(self) -> bool:
        """Whether the statistics are public: in development, or if ANALYTICS_PUBLIC_STATS is set."""
        return self.analytics_public_stats or self.environment is Environment.LOCAL
