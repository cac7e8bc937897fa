"""The short run; the long one, with three members of a replica set, is ``make ingestion-kills``."""

import random
from pathlib import Path

import pytest
from rich.console import Console

from chaos.scenarios.ingestion.faults import Plan
from chaos.scenarios.ingestion.scenario import kill_under_load

pytestmark = pytest.mark.long


async def test_what_was_acknowledged_outlives_kills_and_is_counted_once(tmp_path: Path) -> None:
    """The database, one worker and then all of them are killed while events arrive, late and repeated ones too."""
    seed = random.getrandbits(32)
    plan = Plan(3, 5.0, seed, targets=("primary", "worker", "analytics"), members=1)

    outcome = await kill_under_load(plan, tmp_path, Console(quiet=True))

    assert outcome.kills == {"primary": 1, "worker": 1, "analytics": 1}
    assert not any(outcome.broken.values()), outcome.broken
