from dataclasses import replace

from sqlalchemy import text

from chassis.core.types import new_id
from tests.chassis.idempotency.asking import asking, is_replayed, send_until_answered
from tests.chassis.idempotency.points import dying, failing
from tests.chassis.idempotency.tiny_keyed import Worker, count, settle
from tests.sealing.messages import send


async def test_an_error_frees_the_key(worker: Worker) -> None:
    """A failed request is rolled back together with its key: the same request may succeed later."""
    wire = asking().plain()
    worker.app.state.at = failing("made")
    failed = await send(worker.url, wire)
    worker.app.state.at = failing("nowhere")

    second = await send(worker.url, wire)

    assert [failed.status, second.status, is_replayed(second)] == [503, 201, False]
    assert await count(worker) == 1


async def test_a_process_that_dies_at_work_frees_the_key(worker: Worker, other: Worker) -> None:
    """A transaction that was never committed holds no key."""
    wire = asking().plain()
    worker.app.state.at = dying("made")
    await send(worker.url, wire)

    assert (await send_until_answered(other.url, wire)).status == 201
    assert await count(worker) == 1


async def test_what_a_dead_process_has_begun_is_resolved(worker: Worker, other: Worker) -> None:
    """A request killed after its first transaction is in flight until a resumer completes it; then it is answered."""
    wire = asking("/ordered").plain()
    worker.app.state.at = dying("begun")
    await send(worker.url, wire)

    in_flight = await send(other.url, wire)
    await settle(other.database, "made")
    answers = [await send(other.url, wire) for _ in range(2)]

    assert (in_flight.status, in_flight.code) == (409, "in_flight")
    assert [answer.status for answer in answers] == [201, 201]
    assert [is_replayed(answer) for answer in answers] == [False, True]
    assert answers[0].body == answers[1].body
    assert await count(worker) == 1


async def test_what_a_dead_process_has_ended_is_answered(worker: Worker, other: Worker) -> None:
    """A request killed after its last transaction, before its answer is stored, is answered from its resource."""
    wire = asking("/ordered").plain()
    worker.app.state.at = dying("settled")
    await send(worker.url, wire)

    answer = await send(other.url, wire)

    assert (answer.status, is_replayed(answer)) == (201, False)
    assert await count(worker) == 1


async def test_a_key_that_is_not_answered_is_for_one_request_too(worker: Worker) -> None:
    """A key that is begun and not answered is refused for another body."""
    forge = asking("/ordered")
    worker.app.state.at = dying("begun")
    await send(worker.url, forge.plain())

    refused = await send(worker.url, replace(forge, json={"name": "jug"}).plain())

    assert (refused.status, refused.code) == (422, "idempotency_key_reused")


async def test_what_several_transactions_began_is_not_begun_in_one(worker: Worker) -> None:
    """A key that an earlier release left open after its first transaction is not mistaken for a new one."""
    wire = asking().plain()
    await send(worker.url, wire)
    reopen = "UPDATE idempotency_keys SET status = NULL, headers = NULL, body = NULL, resource_id = :id"
    async with worker.database.transaction() as session:
        await session.execute(text(reopen), {"id": new_id()})

    assert (await send(worker.url, wire)).code == "in_flight"
