import asyncio

import pytest

from analytics.dashboard.login_limiter import MOST_AT_ONCE, MOST_WAITING, LoginLimiter, LoginQueueFull


class Crowd:
    """Many who come at once, and stay until they are told to go."""

    def __init__(self) -> None:
        self.door = LoginLimiter()
        self.inside = 0
        self.may_go = asyncio.Event()

    async def come(self) -> None:
        """Come in, and stay."""
        async with self.door.passing():
            self.inside += 1
            await self.may_go.wait()


async def test_a_few_come_in_at_a_time_and_all_at_last() -> None:
    """Those who wait come in when others have gone."""
    crowd = Crowd()
    coming = [asyncio.create_task(crowd.come()) for _ in range(MOST_AT_ONCE + MOST_WAITING)]
    await asyncio.sleep(0)
    assert crowd.inside == MOST_AT_ONCE

    crowd.may_go.set()
    await asyncio.gather(*coming)

    assert crowd.inside == MOST_AT_ONCE + MOST_WAITING


async def test_one_too_many_is_told_to_come_later() -> None:
    """It does not wait; and when the others have gone, it comes in."""
    crowd = Crowd()
    coming = [asyncio.create_task(crowd.come()) for _ in range(MOST_AT_ONCE + MOST_WAITING)]
    await asyncio.sleep(0)

    with pytest.raises(LoginQueueFull) as refused:
        await crowd.come()

    assert refused.value.headers == {"Retry-After": "2"}
    crowd.may_go.set()
    await asyncio.gather(*coming)
    await crowd.come()
