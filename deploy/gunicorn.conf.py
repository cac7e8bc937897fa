# ruff: noqa: N999 - gunicorn names it
"""
Gunicorn's configuration for a service: ``SERVICE=user PORT=8002 gunicorn -c deploy/gunicorn.conf.py``.

The master imports the service's code before it listens, and the workers build the service after the fork (no preload:
pools and threads do not survive a fork). So a replica is ready a moment after its port is open, a replaced worker
is back at once, and the code is in memory once. A new version needs a new master: HUP starts workers of the old one.
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
    """Return the number of cores that this container may use."""
    cores = len(os.sched_getaffinity(0))
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        return min(cores, math.ceil(int(quota) / int(period)))
    except (OSError, ValueError):  # no such file, or "max": no limit
        return cores


class _JsonLine(logging.Formatter):
    """Formats the lines of the master like those of the services (chassis/telemetry/logging.py)."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
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
    Read a number from a variable.

    Raises:
        SystemExit: It is not a number, or less than *least*; the message names it.
    """
    with suppress(ValueError):
        value = float(os.environ.get(name, "").strip() or default)
        if least <= value < 1 << 16:
            return value
    raise SystemExit(f"{name}: must be a number of {least} or more")


# A burst of connections is accepted before those over the limit are closed (chassis/web/http_protocol.py): with the
# usual 1,024 descriptors none would be left for the pools meanwhile.
_, _most_descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (_most_descriptors, _most_descriptors))

wsgi_app = f"{os.environ['SERVICE']}.main:build()"
bind = f"0.0.0.0:{int(_number('PORT', 8000, 1))}"
# The service reads it too, to compare its pools with the limit of the database.
workers = int(_number("WEB_CONCURRENCY", _cores(), 1))
os.environ["WEB_CONCURRENCY"] = str(workers)
worker_class = "deploy.worker.DrainingWorker"
worker_tmp_dir = "/dev/shm"  # noqa: S108 - the heartbeat must never wait for a disk
# Limits the effect of leaks; with jitter, so that workers do not restart together.
max_requests = 50_000
max_requests_jitter = 10_000
# A worker that stops after max_requests sends no heartbeat while it finishes its last requests.
timeout = 2 * _LONGEST_REQUEST_S
# Must be shorter than the orchestrator's grace period (stop_grace_period, terminationGracePeriodSeconds).
graceful_timeout = math.ceil(_number("DRAIN_SECONDS", 0, 0)) + _LONGEST_REQUEST_S + _LAST_DELIVERY_S
# Longer than clients keep a connection (our dispatcher 4 s, most balancers up to 60 s), so that the server never closes
# a connection on which a request is arriving.
keepalive = 65
# The addresses whose X-Forwarded-* headers are trusted.
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1,::1")
control_socket_disable = True
if os.environ.get("ENVIRONMENT") != "local":
    logconfig_dict = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": _JsonLine}},
        "handlers": {"stdout": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stdout"}},
        # The workers inherit root's handlers: with one, each of their lines appeared twice, once with its secrets.
        "root": {"level": "INFO", "handlers": []},
        "loggers": {"gunicorn.error": {"level": "INFO", "handlers": ["stdout"], "propagate": False}},
    }


def on_starting(server: Arbiter) -> None:
    """Reset the counters, which may be those of a former master's workers. Import the code."""
    if _METRICS and not server.master_pid:  # otherwise an old master still counts here
        shutil.rmtree(_METRICS, ignore_errors=True)
        Path(_METRICS).mkdir(parents=True)
    import_module(wsgi_app.partition(":")[0])  # opens nothing (docs/architecture.md, rule 3)


def child_exit(_server: Arbiter, worker: Worker) -> None:
    """Merge the counts of an ended worker into one file; separate files would fill the disk."""
    if _METRICS:
        from chassis.telemetry.multiprocess import fold  # noqa: PLC0415 - it reads the environment that is set above

        fold(Path(_METRICS), worker.pid)
