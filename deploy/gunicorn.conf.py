# ruff: noqa: N999 - gunicorn names it
"""
How gunicorn runs a service: ``SERVICE=user PORT=8002 gunicorn -c deploy/gunicorn.conf.py``.

The master imports the service's code before it listens, and the workers build the service after the fork (no preload:
pools and threads do not survive one). So a replica is ready a moment after its port is open, a worker that is replaced
is back at once, and the code is in memory once. A new version needs a new master: HUP gives new workers of the old one.
"""

import json
import logging
import math
import os
import resource
import shutil
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

_LAST_DELIVERY_S = 4  # chassis.messaging.event_batch.CALL_TIMEOUT_S
_LONGEST_REQUEST_S = 30  # docs/protocol.md, deadline
_METRICS = os.environ.get("PROMETHEUS_MULTIPROC_DIR")


def _cores() -> int:
    """Count the cores that this container may use."""
    cores = len(os.sched_getaffinity(0))
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        return min(cores, math.ceil(int(quota) / int(period)))
    except (OSError, ValueError):  # no such file, or "max": no limit
        return cores


class _JsonLine(logging.Formatter):
    """The lines of the master, in the form of the services' (chassis/telemetry/logging.py); workers write their own."""

    def format(self, record: logging.LogRecord) -> str:
        """Give one line."""
        line = {
            "event": record.getMessage(),
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "logger": record.name,
            "service": os.environ["SERVICE"],
        }
        return json.dumps(line | ({"exception": self.formatException(record.exc_info)} if record.exc_info else {}))


def _number(name: str, default: int, least: int) -> float:
    """
    Read a variable.

    Raises:
        SystemExit: It is no number, or less than *least*; names it.
    """
    with suppress(ValueError):
        value = float(os.environ.get(name, "").strip() or default)
        if least <= value < 1 << 16:
            return value
    raise SystemExit(f"{name}: must be a number of {least} or more")


# A burst of connections is accepted before those over the limit are ended (chassis/web/http_protocol.py): with the
# usual 1,024 descriptors the pools would find none left meanwhile.
_, _most_descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (_most_descriptors, _most_descriptors))

wsgi_app = f"{os.environ['SERVICE']}.main:build()"
bind = f"0.0.0.0:{int(_number('PORT', 8000, 1))}"
# The service reads it too, to hold its pools against the limit of the database.
workers = int(_number("WEB_CONCURRENCY", _cores(), 1))
os.environ["WEB_CONCURRENCY"] = str(workers)
worker_class = "deploy.worker.DrainingWorker"
worker_tmp_dir = "/dev/shm"  # noqa: S108 - the heartbeat must never wait for a disk
# Whatever leaks is bounded; with jitter, so that workers do not restart together.
max_requests = 50_000
max_requests_jitter = 10_000
# A worker that ends after max_requests gives no sign of life while it finishes its last requests.
timeout = 2 * _LONGEST_REQUEST_S
# Must end before the orchestrator's patience does (stop_grace_period, terminationGracePeriodSeconds).
graceful_timeout = math.ceil(_number("DRAIN_SECONDS", 0, 0)) + _LONGEST_REQUEST_S + _LAST_DELIVERY_S
# Longer than whoever calls keeps a connection (our dispatcher 4 s, most balancers up to 60 s), so that it is never we
# who close it under a request.
keepalive = 65
# Whose X-Forwarded-* headers count.
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1,::1")
control_socket_disable = True
if os.environ.get("ENVIRONMENT", "local") != "local":
    logconfig_dict = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": _JsonLine}},
        "handlers": {"stdout": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stdout"}},
        # The workers inherit root's handlers: with one, each of their lines came a second time, its secrets not hidden.
        "root": {"level": "INFO", "handlers": []},
        "loggers": {"gunicorn.error": {"level": "INFO", "handlers": ["stdout"], "propagate": False}},
    }


def on_starting(server: Arbiter) -> None:
    """Begin to count at zero: what a former master's workers counted is not ours. Import the code."""
    if _METRICS and not server.master_pid:  # else an old master still counts here
        shutil.rmtree(_METRICS, ignore_errors=True)
        Path(_METRICS).mkdir(parents=True)
    import_module(wsgi_app.partition(":")[0])  # opens nothing (docs/architecture.md, rule 3)


def child_exit(_server: Arbiter, worker: Worker) -> None:
    """Keep what a worker has counted, in one file for all that have ended: else they would fill the disk."""
    if _METRICS:
        from chassis.telemetry.multiprocess import fold  # noqa: PLC0415 - it reads the environment that is set above

        fold(Path(_METRICS), worker.pid)
