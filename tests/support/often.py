"""The number of generated examples."""

import os

TIMES = int(os.environ.get("TIMES", "1"))
"""A factor for all Hypothesis tests: ``TIMES=20 make test``."""


def times(few: int) -> int:
    """Return the number of examples: *few* in the suite."""
    return few * TIMES
