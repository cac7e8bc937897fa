import asyncio
from pathlib import Path
from threading import Event

from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.parser import text_string_to_metric_families

from chassis.telemetry.multiprocess import fold, read_all

ENDING = range(1, 201)
PER_WORKER = 5.0


def counts(folder: Path, worker: int) -> None:
    """Write what a worker's process would."""
    file = MmapedDict(str(folder / f"counter_{worker}.db"))
    file.write_value(mmap_key("cups", "cups_total", [], [], "Cups."), PER_WORKER, 0.0)
    file.close()


def total(folder: Path) -> float:
    """What a scrape tells."""
    (family,) = text_string_to_metric_families(read_all(folder).decode())
    return sum(sample.value for sample in family.samples)


async def test_a_scrape_while_workers_end_is_right(tmp_path: Path) -> None:
    """Each worker counts once, before its file is folded away, while it is, and afterwards."""
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
    """The library makes an empty file and fills it then; in between it is not an error."""
    (tmp_path / "counter_1.db").touch()

    read_all(tmp_path, sleep=lambda _seconds: counts(tmp_path, 1))

    assert total(tmp_path) == PER_WORKER
