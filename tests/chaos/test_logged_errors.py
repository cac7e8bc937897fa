from pathlib import Path

import pytest

from chaos.verdict import logged_errors

WELL = "2026-11-21T12:00:00.000+00:00 [warning  ] dispatch failed                [chassis.dispatch.sender] attempts=1"
ERROR = "2026-11-21T12:00:01.000+00:00 [error    ] unhandled error              [chassis.core.problems] service=product"
CRITICAL = "2026-11-21T12:00:01.000+00:00 [critical ] no memory                      [uvicorn.error]"
TRACEBACK = """Traceback (most recent call last):
  File "x.py", line 1, in <module>
KeyError: 'cup'
(Background on this error at: somewhere)
"""
KILLED = "[2026-11-21 12:00:02 +0000] [7] [ERROR] Worker (pid:9) was sent SIGKILL! Perhaps out of memory?"
LOST = "[2026-11-21 12:00:02 +0000] [7] [ERROR] Worker failed to boot."


@pytest.mark.parametrize(
    ("log", "errors"),
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
def test_errors_are_returned_unless_a_kill_causes_them(tmp_path: Path, log: str, errors: list[str]) -> None:
    """Entries of level error or critical are returned with the end of their traceback, except for killed workers."""
    (tmp_path / "order.log").write_text(log, encoding="utf-8")

    assert logged_errors("order", tmp_path / "order.log") == [f"order: {one}" for one in errors]
