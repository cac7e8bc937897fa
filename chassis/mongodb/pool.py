"""How busy the connections to MongoDB are, as the driver tells it."""

from pymongo.monitoring import ConnectionPoolListener

from chassis.telemetry.pool_metrics import IN_USE, WAITING

_NAME = "mongodb"


class PoolMeter(ConnectionPoolListener):
    """Keeps the gauges; the driver calls it from whichever thread is at work, and there is a pool for each server."""

    def connection_check_out_started(self, event: object) -> None:  # noqa: ARG002 - the driver's signature
        """Count a caller that asks for a connection."""
        WAITING.labels(_NAME).inc()

    def connection_check_out_failed(self, event: object) -> None:  # noqa: ARG002
        """Forget a caller that got none."""
        WAITING.labels(_NAME).dec()

    def connection_checked_out(self, event: object) -> None:  # noqa: ARG002
        """Count a connection that a caller has."""
        WAITING.labels(_NAME).dec()
        IN_USE.labels(_NAME).inc()

    def connection_checked_in(self, event: object) -> None:  # noqa: ARG002
        """Count a connection that is given back."""
        IN_USE.labels(_NAME).dec()

    def pool_created(self, event: object) -> None:
        """Do nothing, as below: what is at work and who waits is all there is to tell."""

    def pool_ready(self, event: object) -> None:
        """Do nothing."""

    def pool_cleared(self, event: object) -> None:
        """Do nothing."""

    def pool_closed(self, event: object) -> None:
        """Do nothing."""

    def connection_created(self, event: object) -> None:
        """Do nothing."""

    def connection_ready(self, event: object) -> None:
        """Do nothing."""

    def connection_closed(self, event: object) -> None:
        """Do nothing."""
