"""The rules that hold whatever was done, once all is quiet."""

from collections.abc import Mapping, Sequence
from time import monotonic

from chaos.scenarios.orders.databases import settle
from cli.checks.invariants import check, read_facts


async def broken_invariants(environment: Mapping[str, str]) -> dict[str, Sequence[str]]:
    """Wait until nothing is under way, a minute at most, and give the rules that do not hold, with what breaks them."""
    await settle(environment, monotonic())
    return only_broken(check(await read_facts(environment)))


def only_broken(rules: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """Leave out the rules that hold."""
    return {rule: ids for rule, ids in rules.items() if ids}
