"""The tables of `bin/cli routes`, `calls`, `events` and `settings`."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI

from cli.calls import calls
from cli.errors import CommandError
from cli.events import events
from cli.routes import routes
from cli.settings import settings
from cli.table import layout, print_table, text_of

TABLES = [routes, calls, events, settings]
ROWS = [
    {"service": "order", "path": "/api/v1/orders/{order_id}/cancel", "callers": ["user", "product"], "sealed": True},
    {"service": "user", "path": "/order", "callers": [], "sealed": False},
]


@pytest.mark.parametrize("table", TABLES)
def test_a_pipe_gets_every_cell_whole(
    table: Callable[..., None],
    apps: dict[str, FastAPI],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each row is one line with all that the JSON has."""
    monkeypatch.setattr("cli.routes.build_all", lambda: apps)  # building configures the logging of the process
    table(as_json=True)
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    table()
    titles, *lines = capsys.readouterr().out.splitlines()

    assert titles.split() == " ".join(rows[0]).upper().replace("_", " ").split()
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        assert line.split() == " ".join(map(text_of, row.values())).split()


@pytest.mark.parametrize("width", [1, 20, 40, 80])
def test_a_narrow_terminal_cuts_nothing(width: int) -> None:
    """What does not fit side by side is printed as paragraphs, with every cell whole."""
    lines = layout(ROWS, 2, width)

    printed = " ".join(" ".join(lines).split())
    assert all(text_of(cell) in printed for row in ROWS for cell in row.values())
    assert max(map(len, lines)) <= max(width, len("order  /api/v1/orders/{order_id}/cancel"))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], [0, 1]),
        # --- about order ---
        (["order"], [0]),
        # --- end about order ---
        (["service=order"], [0]),
        (["path=ORDER"], [0, 1]),
        (["ORDERS"], [0]),
        # --- about order ---
        (["product", "cancel"], [0]),
        # --- end about order ---
        # --- about order ---
        (["order", "callers=product"], [0]),
        # --- end about order ---
    ],
)
def test_words_choose_rows(words: list[str], found: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    """The name of a service means the columns of services; other words may stand in any, or in the named one."""
    print_table(ROWS, words, as_json=True, head=2, services=["service", "callers"])

    assert json.loads(capsys.readouterr().out) == [ROWS[number] for number in found]


@pytest.mark.parametrize(
    ("word", "says"),
    [("nowhere", "No row contains 'nowhere'"), ("form=order", "Use one of service, path, callers, sealed")],
)
def test_a_word_that_finds_nothing_is_an_error(word: str, says: str) -> None:
    """An empty table would look like a service without routes."""
    with pytest.raises(CommandError, match=says):
        print_table(ROWS, [word], as_json=False, head=2)


def test_programs_read_an_empty_list() -> None:
    """For a program, finding nothing is an answer."""
    print_table(ROWS, ["nowhere"], as_json=True, head=2)
