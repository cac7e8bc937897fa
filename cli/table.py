"""Tables of commands: no cell is cut at any width, the rows can be filtered, and programs read them as JSON."""

import json
import shutil
import sys
import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer

from cli.errors import CommandError
from cli.services import SERVICES

Row = Mapping[str, Any]
"""Column -> text, number, flag, list of texts, or None. All rows of a table have the same columns."""

Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[WORD]...",
        help="Only rows with every WORD. The name of a service: its rows. COLUMN=TEXT: TEXT is in that column.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON: a list with an object for each row.")]


def print_table(
    rows: Sequence[Row], words: Sequence[str] | None, *, as_json: bool, head: int, services: Collection[str] = ()
) -> None:
    """
    Print the rows that contain every word.

    On a terminal that is too narrow for the table, each row is printed as a paragraph.

    Args:
        head: How many columns identify a row; a paragraph begins with them.
        services: The columns that name a service; a word that is the name of a service is compared with them only.

    Raises:
        CommandError: A word names a column that does not exist, or no row contains every word (an empty list in JSON).
    """
    found = [row for row in rows if all(_has(row, word, services) for word in words or ())]
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    elif found:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        typer.echo("\n".join(layout(found, head, width)))
    elif words:
        raise CommandError(f"No row contains {' and '.join(map(repr, words))}.")


def layout(rows: Sequence[Row], head: int, width: int | None) -> list[str]:
    """Return the lines of a table, or of paragraphs if it is wider than *width* (None: any width is possible)."""
    titles = [name.replace("_", " ").upper() for name in rows[0]]
    table = [titles, *([text_of(cell) for cell in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ["  ".join(map(str.ljust, cells, widths)).rstrip() for cells in table]
    if width is None or max(map(len, lines)) <= width:
        return lines
    return [line for row in rows for line in _paragraph(row, head, width)]


def text_of(cell: Any) -> str:  # noqa: ANN401 - a cell of a row
    """Return a cell as it is printed: ``-`` if it is empty."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:g}"
    return (", ".join(cell) if isinstance(cell, list) else str(cell if cell is not None else "")) or "-"


def _paragraph(row: Row, head: int, width: int) -> Iterator[str]:
    """Yield the identifying cells, which may be longer than *width*, then the others in indented lines."""
    cells = {name: text_of(cell) for name, cell in row.items()}
    yield "  ".join(list(cells.values())[:head])
    rest = "; ".join(f"{name.replace('_', ' ')}: {cell}" for name, cell in list(cells.items())[head:])
    for line in textwrap.wrap(rest, max(width, 20) - 4, break_long_words=False, break_on_hyphens=False):
        yield f"    {line}"


def _has(row: Row, word: str, services: Collection[str]) -> bool:
    column, is_column, text = word.partition("=")
    if is_column:
        if column not in row:
            raise CommandError(f"There is no column '{column}'. Use one of {', '.join(row)}.")
        return text.lower() in text_of(row[column]).lower()
    if services and word in {service.name for service in SERVICES}:
        named = (row[name] for name in services)
        return any(word in cell if isinstance(cell, list) else word == cell for cell in named)
    return any(word.lower() in text_of(cell).lower() for cell in row.values())
