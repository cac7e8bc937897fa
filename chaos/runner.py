"""What is to be seen of a run while it goes on."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from chaos.scenarios.orders.customers import Load
from chaos.scenarios.orders.faults import Saboteur

_EVERY_S, _LINE_EVERY_S = 0.5, 15.0
"""How often a terminal is brought up to date, and how often a line is printed where there is none."""
_WINDOW_S = 5


@asynccontextmanager
async def showing_progress(
    console: Console, attempts: int, load: Load, saboteur: Saboteur, errors: Counter[str]
) -> AsyncIterator[None]:
    """Show a bar with the attempts during the block, and beside it orders, kills and errors."""
    columns = TextColumn("attempts"), BarColumn(24), MofNCompleteColumn(), TextColumn("{task.description}")

    def describe() -> str:
        return f"{_rate(load):3.0f}/s, {_orders(load)}, {saboteur.kills.total()} kills, {errors.total()} errors seen"

    with Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(describe(), total=attempts)
        following = asyncio.create_task(_follow(bar, task, load, describe))
        try:
            yield
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            bar.update(task, completed=load.pulse.over, description=describe())


async def _follow(bar: Progress, task: TaskID, load: Load, describe: Callable[[], str]) -> None:
    while True:
        await asyncio.sleep(_EVERY_S if bar.console.is_terminal else _LINE_EVERY_S)
        done = load.pulse.over
        bar.update(task, completed=done, description=describe())
        if not bar.console.is_terminal:
            bar.console.print(f"{load.pulse.seconds:5.0f} s  {done:6} attempts, {describe()}")


def _rate(load: Load) -> float:
    """Attempts a second, of late."""
    now = int(load.pulse.seconds)
    return sum(load.pulse.per_second[now - back] for back in range(1, _WINDOW_S + 1)) / _WINDOW_S


def _orders(load: Load) -> str:
    return f"{load.pulse.outcomes['confirmed']} confirmed"
