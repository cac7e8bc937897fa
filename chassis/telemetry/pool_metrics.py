"""Metrics of the connections to a service's database; each worker has a pool, and the values are sums over them."""

from prometheus_client import Gauge

SIZE = Gauge("database_pool_size", "Connections allowed.", ["database"], multiprocess_mode="livesum")
IN_USE = Gauge("database_pool_in_use", "Connections in use.", ["database"], multiprocess_mode="livesum")
WAITING = Gauge("database_pool_waiting", "Callers waiting for a connection.", ["database"], multiprocess_mode="livesum")
