"""Connections to a service's database, for Prometheus; each worker has a pool, and the figures are sums over them."""

from prometheus_client import Gauge

SIZE = Gauge("database_pool_size", "Connections that may be open.", ["database"], multiprocess_mode="livesum")
IN_USE = Gauge("database_pool_in_use", "Connections at work.", ["database"], multiprocess_mode="livesum")
WAITING = Gauge("database_pool_waiting", "Callers without a connection.", ["database"], multiprocess_mode="livesum")
