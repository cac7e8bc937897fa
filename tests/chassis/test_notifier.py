import asyncio

import pytest

from chassis.core.errors import DatabaseUnavailable
from chassis.postgres.notifier import Notifier
from cli.dev.polling import eventually


class Heard:
    """Accepts notifications, or fails while the test wants it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.times: list[list[str]] = []
        self.error = error

    async def notify(self, listeners: list[str]) -> None:
        """Accept one."""
        self.times.append(sorted(listeners))
        if self.error:
            raise self.error


async def test_the_first_ring_is_told_at_once() -> None:
    """The first notification is sent without a pause."""
    heard = Heard()
    notifier = Notifier(heard.notify)

    notifier.notify(["product", "analytics"])
    await asyncio.sleep(0)

    assert heard.times == [["analytics", "product"]]
    await notifier.aclose()


async def test_rings_in_a_row_are_told_together() -> None:
    """Notifications during the pause are merged into one, and none is missing at the end."""
    heard = Heard()
    notifier = Notifier(heard.notify)

    notifier.notify(["product"])
    await asyncio.sleep(0)
    notifier.notify(["product"])
    await asyncio.sleep(0)
    notifier.notify(["analytics"])
    await notifier.aclose()

    assert heard.times == [["product"], ["analytics", "product"]]


@pytest.mark.parametrize("error", [DatabaseUnavailable(), RuntimeError()], ids=["away", "unforeseen"])
async def test_a_ring_that_failed_does_not_end_the_notifying(error: Exception) -> None:
    """After a failure the next notification is sent; closing raises nothing."""
    heard = Heard(error)
    notifier = Notifier(heard.notify)
    notifier.notify(["product"])
    await notifier.aclose()

    heard.error = None
    notifier.notify(["analytics"])

    async def is_told() -> bool:
        return heard.times == [["product"], ["analytics"]]

    assert await eventually(is_told)
    await notifier.aclose()
