"""
Metrics of all workers of a service (prometheus_client's multiprocess mode): each writes files, any adds them up.

The library takes no lock between processes that read, write and remove files; this module does.
"""

import fcntl
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

_ENDED = 0
"""The process number for the counts of ended workers; no process has it."""


def read_all(folder: Path, sleep: Callable[[float], None] = time.sleep) -> bytes:
    """Return the metrics of all workers, including ended ones, in Prometheus's text format."""
    # A new worker creates its files and then fills them; in between, for microseconds, they have no header.
    retrying = Retrying(
        retry=retry_if_exception_type(struct.error),
        wait=wait_fixed(0.005),
        stop=stop_after_delay(1),
        sleep=sleep,
        reraise=True,
    )
    return retrying(_read, folder)


def fold(folder: Path, pid: int) -> None:
    """Add the counters and histograms of the ended worker *pid* to those of earlier ones; drop its gauges."""
    with _locked(folder, fcntl.LOCK_EX):
        mark_process_dead(pid, str(folder))
        for gauge in folder.glob(f"gauge_*_{pid}.db"):
            gauge.unlink()
        for kind in ("counter", "histogram", "summary"):
            ended, kept = folder / f"{kind}_{pid}.db", folder / f"{kind}_{_ENDED}.db"
            if ended.exists():
                draft = folder / f"{kind}.new"
                _write_sum(draft, [file for file in (kept, ended) if file.exists()])
                draft.replace(kept)
                ended.unlink()


def _read(folder: Path) -> bytes:
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))
    with _locked(folder, fcntl.LOCK_SH):
        return generate_latest(registry)


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, how)
        yield


def _write_sum(draft: Path, files: list[Path]) -> None:
    draft.unlink(missing_ok=True)
    sums: dict[str, float] = {}
    for file in files:
        for key, value, _timestamp, _position in MmapedDict.read_all_values_from_file(str(file)):
            sums[key] = sums.get(key, 0.0) + value
    target = MmapedDict(str(draft))
    for key, value in sums.items():
        target.write_value(key, value, 0.0)
    target.close()
