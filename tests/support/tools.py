"""Programs that some tests need and a machine may lack."""

import os
from collections import Counter
from collections.abc import Iterable

import pytest


def require(path: str | None, kind: str, remedy: str) -> str:
    """
    Return the path of a program; without it, skip the test, or fail it where ``CI=true``: CI has to run all of them.

    Args:
        path: Where the program is; None if it is missing.
        kind: The kind of tests that need it, for the closing line of the run: "browser".
        remedy: The command that installs it.
    """
    if path:
        return path
    if os.environ.get("CI") == "true":
        pytest.fail(f"The {kind} tests cannot run: {remedy}")
    pytest.skip(f"{kind} tests not run: {remedy}")


def not_run(skipped: Iterable[pytest.TestReport]) -> list[str]:
    """Return a line for each reason why tests were skipped: "12 browser tests not run: apt install chromium"."""
    reasons = Counter(str(one.longrepr[2]) if isinstance(one.longrepr, tuple) else one.longreprtext for one in skipped)
    return [f"{count} {reason.removeprefix('Skipped: ')}" for reason, count in sorted(reasons.items())]
