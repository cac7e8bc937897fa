"""Runs a scenario: provides its folder, shows its progress, and ends with its verdict."""

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import randbelow
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.deployment import NotMigrated, NotReady
from chaos.report import Broken
from cli.errors import CommandError

T = TypeVar("T")
Seed = Annotated[int | None, typer.Option(help="Of all random choices; a new one if it is left out.")]

_EVERY_S, _LINE_EVERY_S = 0.5, 15.0
"""Seconds between updates of a terminal, and between lines printed where there is none."""


def make_folder(name: str) -> Path:
    """Make the folder of a run, for data and logs."""
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-"))
    folder.chmod(0o711)  # as root, PostgreSQL runs as nobody, and has its data there
    return folder


def drawn(seed: int | None) -> int:
    """Return the seed, or a new one."""
    return randbelow(1_000_000) if seed is None else seed


def run(work: Coroutine[Any, Any, T], folder: Path) -> T:
    """Run *work*; if a process does not start, or does not recover, end the program with an error."""
    try:
        return asyncio.run(work)
    except* (CommandError, NotMigrated, NotReady) as errors:
        sys.exit(f"{errors.exceptions}\nThe logs are in {folder}.")


def write_report(folder: Path, figures: Any) -> None:  # noqa: ANN401 - JSON
    """Store the figures of a run beside its logs."""
    (folder / "report.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")


def exit_if_broken(broken: Broken, folder: Path, seed: int) -> None:
    """End the program with an error if a rule is broken."""
    if any(broken.values()):
        sys.exit(f"Something was lost, doubled or late. Logs, data and report are in {folder}; the seed is {seed}.")


@asynccontextmanager
async def showing_progress(
    console: Console, what: str, total: int, done: Callable[[], int], describe: Callable[[], str]
) -> AsyncIterator[None]:
    """Show during the block how much is *done* of *total*, with a description; as lines where there is no terminal."""
    columns = TextColumn(what), BarColumn(24), MofNCompleteColumn(), TextColumn("{task.description}")
    with Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(describe(), total=total)

        def look() -> None:
            bar.update(task, completed=done(), description=describe())
            if not console.is_terminal:
                console.print(f"{done():6} of {total:,} {what}, {describe()}")

        following = asyncio.create_task(_repeat(look, _EVERY_S if console.is_terminal else _LINE_EVERY_S))
        try:
            yield
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            look()


async def _repeat(look: Callable[[], None], every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        look()
