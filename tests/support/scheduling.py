"""Which tests run in one worker, and which begin first."""

from typing import Final

from xdist.scheduler import LoadScopeScheduling

TOGETHER: Final = {
    "tests/system/": "one stack of processes",
    "tests/analytics/dashboard/test_browser.py": "one browser",
    "tests/deploy/test_drain.py": "one gunicorn at a time",
    "tests/chassis/test_logs.py": "one run of the writer",
    "tests/cli/test_postgres.py": "one server of their own",
    "tests/cli/test_mongodb.py": "one server of their own",
}
"""Prefix of tests' paths -> the expensive resource that they share."""


class Together(LoadScopeScheduling):
    """
    Assigns tests that share an expensive resource to one worker, the largest group first, and others to any free one.

    Not ``--dist loadgroup``: pytest-xdist 3.8.0 groups nothing with pytest 9.2 (pytest-dev/pytest-xdist#1386).
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((beginning for beginning in TOGETHER if nodeid.startswith(beginning)), nodeid)
