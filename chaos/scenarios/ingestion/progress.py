"""What is to be seen of a run while it goes on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from chaos.scenarios.ingestion.faults import Saboteur
from chaos.scenarios.ingestion.plan import Plan
from chaos.scenarios.ingestion.senders import Book

_EVERY_S, _LINE_EVERY_S = 0.5, 15.0
"""How often a terminal is brought up to date, and how often a line is printed where there is none."""


@asynccontextmanager
async def showing_progress(console: Console, plan: Plan, book: Book, saboteur: Saboteur) -> AsyncIterator[None]:
    """Show a bar with the kills during the block, and beside it events and errors."""
    columns = TextColumn("kills"), BarColumn(24), MofNCompleteColumn(), TextColumn("{task.description}")
    with Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=plan.kills)

        def look() -> None:
            text = f"{len(book.acknowledged):,} events acknowledged, {book.errors.total()} errors seen"
            bar.update(task, completed=saboteur.kills.total(), description=text)
            if not console.is_terminal:
                console.print(f"{saboteur.kills.total()} kills, {text}")

        following = asyncio.create_task(_follow(console, look))
        try:
            yield
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            look()


async def _follow(console: Console, look: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(_EVERY_S if console.is_terminal else _LINE_EVERY_S)
        look()
