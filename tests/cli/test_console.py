"""How the services' logs are printed by `make run`."""

import pytest

from cli.dev import console
from cli.dev.console import LogPrinter


def test_each_service_has_its_colour(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """On a terminal the name before a line has a colour of its own; a service that comes later gets the next one."""
    monkeypatch.setattr(console, "COLOURED", True)
    printer = LogPrinter()
    printer.add(["order", "user"])
    printer.add(["user", "gift"])

    for name in ("order", "user", "gift"):
        printer(name, "ready")

    assert capsys.readouterr().out.splitlines() == [
        "\x1b[36morder | \x1b[0mready",
        "\x1b[35muser  | \x1b[0mready",
        "\x1b[33mgift  | \x1b[0mready",
    ]
