"""The long run: ``KEYS=1000 pytest -n 0 tests/chassis/idempotency/test_storms.py``."""

import asyncio
import os

import pytest
from sqlalchemy import text

from tests.chassis.idempotency.asking import KINDS, asking, is_replayed, send_until_answered
from tests.chassis.idempotency.points import Gate
from tests.chassis.idempotency.tiny_keyed import Worker, count, settle
from tests.sealing.messages import Answer, Wire, send

KEYS = int(os.environ.get("KEYS", "5"))
SENDS, AT_ONCE = 20, 32
"""The storm: how often each request is sent, and how many requests are concurrent."""


@pytest.mark.parametrize("path", KINDS)
async def test_a_storm_of_sends_has_one_effect_and_one_answer_each(worker: Worker, other: Worker, path: str) -> None:
    """A request sent many times at once to two processes creates one thing, and all its answers are the same."""
    bounded = asyncio.Semaphore(AT_ONCE)
    wires = [asking(path).plain() for _ in range(KEYS)]

    async def send_one(number: int, wire: Wire) -> Answer:
        async with bounded:
            return await send_until_answered((worker, other)[number % 2].url, wire)

    async def send_all(wire: Wire) -> set[tuple[int, bytes]]:
        answers = await asyncio.gather(*(send_one(number, wire) for number in range(SENDS)))
        assert sum(not is_replayed(answer) for answer in answers) == 1
        return {(answer.status, answer.body) for answer in answers}

    answers = await asyncio.gather(*map(send_all, wires))

    assert [len(one) for one in answers] == [1] * KEYS
    assert {status for one in answers for status, _ in one} == {201}
    assert await count(worker) == KEYS


@pytest.mark.parametrize("path", KINDS)
async def test_a_request_in_flight_is_told_at_once(worker: Worker, other: Worker, path: str) -> None:
    """While the first request is under way a second, in another process, is told to retry later."""
    worker.app.state.at = gate = Gate()
    wire = asking(path).plain()
    first = asyncio.create_task(send(worker.url, wire))
    await gate.reached.wait()

    second = await send(other.url, wire)  # if it waited, it would not be answered before the gate is opened

    assert (second.status, second.code) == (409, "in_flight")
    assert ("retry-after", "1") in second.headers
    gate.opened.set()
    assert (await first).status == 201


async def test_whoever_answers_first_answers_for_all(worker: Worker, other: Worker) -> None:
    """A request that is overtaken by its repetition returns the repetition's answer."""
    worker.app.state.at = gate = Gate()
    wire = asking("/ordered").plain()
    overtaken = asyncio.create_task(send(worker.url, wire))
    await gate.reached.wait()
    await settle(other.database, "made")
    answer = await send(other.url, wire)
    async with other.database.transaction() as session:
        await session.execute(text("UPDATE things SET status = 'broken'"))

    gate.opened.set()

    assert (await overtaken).body == answer.body
    assert is_replayed(await overtaken)
