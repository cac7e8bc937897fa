"""Of the tests that compare services (``tests/test_*.py``), the cases of one or several: ``--service=user``."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from chassis.dispatch.call import Call
from cli.services import SERVICES, Service

_NAMES = frozenset(service.name for service in SERVICES)
_COMPARING = Path(__file__).parents[1]
"""The folder of the tests that compare services."""


def add_option(parser: pytest.Parser) -> None:
    """Add the option, which may be repeated."""
    parser.addoption(
        "--service",
        action="append",
        default=[],
        choices=sorted(_NAMES),
        help="Of tests/test_*.py, leave out the cases of other services.",
    )


def select(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the cases of other services, if some are named."""
    wanted = config.getoption("service")
    if not wanted:
        return
    concern = [_concerns(item, wanted) for item in items]
    config.hook.pytest_deselected(items=[item for item, is_one in zip(items, concern, strict=True) if not is_one])
    items[:] = [item for item, is_one in zip(items, concern, strict=True) if is_one]


def _concerns(item: pytest.Item, wanted: Collection[str]) -> bool:
    if item.path.parent != _COMPARING or not isinstance(item, pytest.Function):
        return True
    found = services_in(item.callspec.params) if hasattr(item, "callspec") else set()
    return not found or not found.isdisjoint(wanted)


def services_in(parameter: Any) -> set[str]:  # noqa: ANN401 - of any test
    """Return the services that a test's parameters name, at any depth."""
    match parameter:
        case str():
            return {parameter} & _NAMES
        case Service():
            return {parameter.name}
        case Call():
            return {parameter.service}
        case dict():
            return services_in(tuple(parameter.values()))
        case list() | tuple():
            return set().union(*map(services_in, parameter))
    return set()
