"""Which tests run in one worker."""

from typing import Final

from xdist.scheduler import LoadScopeScheduling

TOGETHER: Final = {
    "tests/system/": "one stack of processes",
}
"""Beginning of tests' paths -> the expensive resource that the files share."""


class Together(LoadScopeScheduling):
    """
    Assigns the tests of a file to one worker, and those that share an expensive resource; the largest group first.

    A module's fixtures are made once, not once per worker, and xdist's own work grows with the number of groups.

    Not ``--dist loadgroup``: pytest-xdist 3.8.0 groups nothing with pytest 9.2 (pytest-dev/pytest-xdist#1386).
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((beginning for beginning in TOGETHER if nodeid.startswith(beginning)), nodeid.partition("::")[0])
