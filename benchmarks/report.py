"""Figures as tables on the terminal."""

from collections.abc import Iterable

from rich.box import SIMPLE_HEAD
from rich.table import Table

from benchmarks.targets import Result


def make_table(title: str, *columns: str) -> Table:
    """Make a table whose first column is a name, and whose others are figures."""
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def targets_table(title: str, found: Iterable[Result]) -> Table:
    """Show ratios beside what they should be."""
    table = make_table(title, "measured", "rounds", "target", "")
    for one in found:
        sign = "<=" if one.target.at_most else ">="
        verdict = "[green]met[/green]" if one.is_met else "[red]missed[/red]"
        spread = f"{one.lowest:.2f}-{one.highest:.2f}"
        table.add_row(one.target.text, f"{one.ratio:.2f}", spread, f"{sign} {one.target.limit:g}", verdict)
    return table
