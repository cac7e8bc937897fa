"""What workers that have ended had counted, for prometheus_client's multiprocess mode."""

from pathlib import Path

from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import mark_process_dead

_ENDED = 0
"""The process number under which the counts of ended workers are kept; no process has it."""


def fold(folder: Path, pid: int) -> None:
    """
    Add the counters and histograms of worker *pid* to those of the workers ended before; forget its gauges.

    Between the two last steps a scrape would count it twice; they take microseconds, once in a worker's life.
    """
    mark_process_dead(pid, str(folder))
    for gauge in folder.glob(f"gauge_*_{pid}.db"):
        gauge.unlink(missing_ok=True)
    for kind in ("counter", "histogram", "summary"):
        ended, kept = folder / f"{kind}_{pid}.db", folder / f"{kind}_{_ENDED}.db"
        if ended.exists():
            draft = folder / f"{kind}.new"
            _write_sum(draft, [file for file in (kept, ended) if file.exists()])
            draft.replace(kept)
            ended.unlink()


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
