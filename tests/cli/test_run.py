"""What `make run` prints."""

import re

import pytest
from rich.console import Console

from cli.dev import run
from cli.services import SERVICES

ENVIRONMENTS = {
    service.name: {
        service.url_variable: f"http://127.0.0.1:{service.port}",
        service.store_variable: f"scheme://name:secret@127.0.0.1:15432/{service.database}",
    }
    for service in SERVICES
}


@pytest.mark.parametrize("width", [50, 80, 120])
def test_no_address_is_cut(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """Each address is in one line, whatever the width of the terminal, and each database is there as a whole."""
    console = Console(width=width, record=True, highlight=False)
    monkeypatch.setattr(run, "console", console)
    monkeypatch.setattr(run, "say", lambda text: console.print(text, soft_wrap=True))
    monkeypatch.setattr(run, "token_issuer", lambda: "")

    run.describe(ENVIRONMENTS, [SERVICES[0].name])

    printed = console.export_text()
    assert all(re.search(rf"http://127.0.0.1:{service.port}\s", printed) for service in SERVICES)
    assert [f"{service.name}: " for service in SERVICES if service.dashboard] == re.findall(
        r"The dashboard of (\w+: )http://[\d.:]+/dashboard\n", printed
    )
    cells = "".join(line.rpartition("│")[0].rpartition("│")[2].strip() for line in printed.splitlines())
    assert cells == "".join(f"127.0.0.1:15432/{service.database}" for service in SERVICES if service.store)
    assert "…" not in printed
