"""The machine of a run: what it is, and how much of it went to others meanwhile."""

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
from cryptography.hazmat.backends.openssl import backend


def describe_machine(*packages: str) -> dict[str, Any]:
    """Say what the figures hold for: processor, system, Python and the versions of *packages*; no name, no path."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "openssl": backend.openssl_version_text(),
        "versions": {name: version(name) for name in sorted(packages)},
    }


def busy_seconds() -> float:
    """Give the seconds of CPU that everybody on this machine has used since it started."""
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    # Guests are counted in user and nice already.
    return float(sum(times) - idle - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0))


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text(encoding="utf-8").splitlines() if information.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
