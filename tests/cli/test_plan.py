"""What a stack reads from the services' code in a process of its own, and how it reports what is wrong there."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from cli.dev import plan
from cli.dev.anew import Anew
from cli.errors import CommandError
from cli.keys.secrets_file import read


def test_functions_are_called_in_another_process(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """It returns results, raises our errors, and reports its end; what it prints does not mix with results."""
    with Anew() as anew:
        assert anew.call(os.getppid) == os.getpid()
        anew.call(print, "on the terminal")
        with pytest.raises(CommandError, match="No such file"):
            anew.call(read, tmp_path / "missing.env")
        assert anew.call(abs, -1) == 1
        with pytest.raises(CommandError, match="see above"):
            anew.call(os._exit, 1)
    assert "on the terminal" in capfd.readouterr().err


def test_a_service_that_cannot_be_imported_is_named_with_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message is one line, with the file and the line of the error."""

    def fail(_name: str) -> None:
        compile("x = (", "gift/settings.py", "exec")

    monkeypatch.setattr(plan, "SERVICES", [SimpleNamespace(name="gift")])
    monkeypatch.setattr(plan, "settings_class", fail)

    with pytest.raises(CommandError) as refused:
        plan.choose([], [])

    assert (
        str(refused.value) == "gift cannot be imported: SyntaxError: '(' was never closed (gift/settings.py, line 1)."
    )


def test_a_call_to_a_service_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a folder was removed, its callers are to be changed."""
    monkeypatch.setattr(plan, "SERVICES", [SimpleNamespace(name="gift")])
    monkeypatch.setattr(plan, "settings_class", lambda _name: SimpleNamespace(peers=frozenset({"card"})))

    with pytest.raises(CommandError, match="gift calls card, but there is no folder card with"):
        plan.choose([], [])
