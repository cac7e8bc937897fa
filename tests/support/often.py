"""How often what is drawn by lot is tried."""

import os

TIMES = int(os.environ.get("TIMES", "1"))
"""The long run of all that Hypothesis draws: ``TIMES=20 make test``."""


def times(few: int) -> int:
    """Give how many examples are tried: *few* in the suite."""
    return few * TIMES
