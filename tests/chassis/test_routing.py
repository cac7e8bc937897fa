from collections.abc import Callable
from typing import Any

import pytest

from chassis.sealing.access import UndeclaredMode, bodies, repeatable, unrepeatable
from chassis.web.routing import service_router


async def undeclared() -> None:
    """Say nothing of how it is to be spoken to."""


@pytest.mark.parametrize("mark", [None, repeatable, unrepeatable, bodies(1024)])
def test_a_route_without_a_mode_does_not_start(mark: Callable[[Any], Any] | None) -> None:
    """The message names the function and what to add; what else it declares does not help."""
    router = service_router("things")

    with pytest.raises(
        UndeclaredMode, match=r"test_routing\.undeclared: add @service, @encrypted, @optional or @public"
    ):
        router.get("")(mark(undeclared) if mark else undeclared)
