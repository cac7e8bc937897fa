"""The pool of connections to PostgreSQL, which tells how busy it is."""

from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry

from chassis.telemetry.pool_metrics import IN_USE, WAITING

_NAME = "postgres"


class MeteredPool(AsyncAdaptedQueuePool):
    """
    SQLAlchemy's, with gauges.

    Its events tell of a connection that was had, none of a caller that waits: so this stands where both pass.
    """

    def _do_get(self) -> ConnectionPoolEntry:
        connection = super()._do_get() if self.checkedout() < self.size() else self._wait()
        IN_USE.labels(_NAME).inc()
        return connection

    def _wait(self) -> ConnectionPoolEntry:
        with WAITING.labels(_NAME).track_inprogress():
            return super()._do_get()

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        IN_USE.labels(_NAME).dec()
        super()._do_return_conn(record)
