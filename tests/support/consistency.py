"""Checks whether the databases agree, as `bin/cli invariants` does."""

from collections.abc import Mapping

from cli.checks.invariants import check
from cli.dev.polling import eventually

PAUSE_S = 0.2
"""Each check reads all databases."""


async def broken_rules(environment: Mapping[str, str], within: float = 30.0) -> dict[str, list[str]]:
    """The rules that are still broken after *within* seconds, with the ids that break them; {} as soon as all hold."""
    broken: dict[str, list[str]] = {}

    async def hold() -> bool:
        nonlocal broken
        broken = {rule: ids for rule, ids in (await check(environment)).items() if ids}
        return not broken

    await eventually(hold, within, PAUSE_S)
    return broken
