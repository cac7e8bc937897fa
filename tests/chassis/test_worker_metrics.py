import asyncio
import os
import subprocess
import sys
from pathlib import Path
from threading import Event

from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.parser import text_string_to_metric_families

from chassis.telemetry.multiprocess import fold, read_all

COUNTING = """
from prometheus_client import Counter, Histogram
Counter("cups", "Cups.", ["kind"]).labels("small").inc(3)
Histogram("pours", "Pours.", ["kind"], buckets=(1, 2)).labels("small").observe(1.5)
"""
"""The code of a worker, with the library's own means."""
ENDING = range(1, 201)
PER_WORKER = 5.0


def counts(folder: Path, worker: int) -> None:
    """Write a metrics file as a worker's process would."""
    file = MmapedDict(str(folder / f"counter_{worker}.db"))
    file.write_value(mmap_key("cups", "cups_total", [], [], "Cups."), PER_WORKER, 0.0)
    file.close()


def total(folder: Path) -> float:
    """Return the total of a scrape."""
    (family,) = text_string_to_metric_families(read_all(folder).decode())
    return sum(sample.value for sample in family.samples)


async def test_a_scrape_while_workers_end_is_right(tmp_path: Path) -> None:
    """Each worker counts once, before its file is merged, meanwhile, and afterwards."""
    for worker in ENDING:
        counts(tmp_path, worker)
    ended, totals = Event(), set[float]()

    def scrape() -> None:
        while not ended.is_set():
            totals.add(total(tmp_path))

    scraping = asyncio.create_task(asyncio.to_thread(scrape))
    for worker in ENDING:
        await asyncio.to_thread(fold, tmp_path, worker)
    ended.set()
    await scraping

    assert totals | {total(tmp_path)} == {PER_WORKER * len(ENDING)}


def test_a_scrape_while_a_worker_begins_waits_for_its_file(tmp_path: Path) -> None:
    """An empty file, which the library creates before filling it, is not an error."""
    (tmp_path / "counter_1.db").touch()

    read_all(tmp_path, sleep=lambda _seconds: counts(tmp_path, 1))

    assert total(tmp_path) == PER_WORKER


def test_what_the_library_has_written_is_kept_whole(tmp_path: Path) -> None:
    """Our sums use the library's file format: a release that changes it fails here."""
    for _ in range(2):
        environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
        subprocess.run([sys.executable, "-c", COUNTING], env=environment, check=True)
    before = read_all(tmp_path)
    workers = {int(file.stem.rpartition("_")[2]) for file in tmp_path.glob("*.db")}

    for worker in workers:
        fold(tmp_path, worker)

    assert sorted(read_all(tmp_path).splitlines()) == sorted(before.splitlines())
    assert {file.name for file in tmp_path.glob("*.db")} == {"counter_0.db", "histogram_0.db"}
    assert b'cups_total{kind="small"} 6.0' in before
    assert b'pours_bucket{kind="small",le="2.0"} 2.0' in before
