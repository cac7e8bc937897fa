"""The report of a run, for the terminal."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

Broken = Mapping[str, Sequence[str]]
"""Rule -> the entries that break it."""
_SHOWN = 10
"""The most entries printed for a broken rule; the JSON has all."""


def counted(counts: Mapping[str, int]) -> str:
    """Return counts as one line."""
    return ", ".join(f"{what} {times}" for what, times in counts.items()) or "none"


def show(console: Console, rows: Mapping[str, str], broken: Broken) -> None:
    """Print the figures, and each rule with the entries that break it."""
    table = Table(show_header=False)
    for name, text in rows.items():
        table.add_row(name, text)
    console.print(table)
    for rule, breaches in broken.items():
        console.print(f"[red]✗ {rule}: {len(breaches)}[/red]" if breaches else f"[green]✓[/green] {rule}")
        for one in breaches[:_SHOWN]:
            console.print(f"    {one}", markup=False)
