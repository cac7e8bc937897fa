from pathlib import Path

import pytest

from chaos.complaints import complaints

WELL = (
    "2026-11-21T12:00:00.000+00:00 [warning  ] dispatch failed                [chassis.dispatch.dispatcher] attempts=1"
)
ERROR = "2026-11-21T12:00:01.000+00:00 [error    ] unhandled error                [chassis.core.errors] service=product"
CRITICAL = "2026-11-21T12:00:01.000+00:00 [critical ] no memory                      [uvicorn.error]"
TRACEBACK = """Traceback (most recent call last):
  File "x.py", line 1, in <module>
KeyError: 'cup'
(Background on this error at: somewhere)
"""
KILLED = "[2026-11-21 12:00:02 +0000] [7] [ERROR] Worker (pid:9) was sent SIGKILL! Perhaps out of memory?"
LOST = "[2026-11-21 12:00:02 +0000] [7] [ERROR] Worker failed to boot."


@pytest.mark.parametrize(
    ("log", "told"),
    [
        (f"{WELL}\n{TRACEBACK}{WELL}\n", []),
        (f"{WELL}\n{ERROR}\n{TRACEBACK}\n{WELL}\n", [f"{ERROR} … KeyError: 'cup'"]),
        (f"{CRITICAL}\n{ERROR}\n", [CRITICAL, ERROR]),
        (f"{KILLED}\n{LOST}\n", [LOST]),
        (f"{WELL[:50]}{ERROR}\n{ERROR[:50]}{WELL}\n", [ERROR]),
        ("", []),
    ],
    ids=["a warning", "an error", "two errors", "gunicorn's own", "cut off by a kill", "nothing"],
)
def test_errors_are_told_unless_a_kill_makes_them(tmp_path: Path, log: str, told: list[str]) -> None:
    """Each entry of level error or critical is given with the end of its traceback; that of a killed worker is not."""
    (tmp_path / "order.log").write_text(log, encoding="utf-8")

    assert complaints("order", tmp_path / "order.log") == [f"order: {one}" for one in told]
