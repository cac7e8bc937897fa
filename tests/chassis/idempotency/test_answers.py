import orjson
import pytest
from fastapi.responses import Response, StreamingResponse
from sqlalchemy import text

from chassis.idempotency.answers import Answer as StoredAnswer
from chassis.idempotency.answers import UnstorableAnswer
from chassis.idempotency.dependency import KEY_HOURS
from tests.chassis.idempotency.asking import KINDS, asking, is_replayed
from tests.chassis.idempotency.points import dying
from tests.chassis.idempotency.tiny_keyed import Worker, count, serve_worker, settle
from tests.sealing.messages import send
from tests.support.plain import FOR_BROWSERS


async def test_the_answer_is_given_again(worker: Worker) -> None:
    """A replay has the status, body and resource headers of the first answer, but no headers of the first request."""
    wire = asking().plain()

    first, second = await send(worker.url, wire), await send(worker.url, wire)

    kept = {"content-type", "content-length", "location", "etag"}
    assert (second.status, second.body) == (first.status, first.body)
    assert {header for header in second.headers if header[0] in kept} == {
        header for header in first.headers if header[0] in kept
    }
    assert {name for name, _ in second.headers} - FOR_BROWSERS == kept | {
        "date",
        "x-request-id",
        "idempotent-replayed",
    }
    assert not is_replayed(first)


async def test_an_answer_without_a_body_is_given_again(worker: Worker) -> None:
    """A replayed 204 is a 204."""
    wire = asking("/top/put", json=None).plain()

    answers = [await send(worker.url, wire) for _ in range(2)]

    assert [(answer.status, answer.body) for answer in answers] == [(204, b"")] * 2
    assert [is_replayed(answer) for answer in answers] == [False, True]
    assert await count(worker) == 1


@pytest.mark.parametrize("path", KINDS)
async def test_a_restart_forgets_no_key(worker: Worker, database_url: str, path: str) -> None:
    """A process that starts later replays the same answer."""
    wire = asking(path).plain()
    first = await send(worker.url, wire)

    async with serve_worker(database_url) as restarted:
        second = await send(restarted.url, wire)

    assert (second.status, second.body) == (first.status, first.body)


async def test_an_answer_outlives_the_state_it_tells(worker: Worker) -> None:
    """A stored answer is replayed although its resource has changed since."""
    wire = asking("/ordered").plain()
    first = await send(worker.url, wire)
    async with worker.database.transaction() as session:
        await session.execute(text("UPDATE things SET status = 'broken'"))

    assert (await send(worker.url, wire)).body == first.body


async def test_a_refusal_is_told_from_the_resource(worker: Worker) -> None:
    """A saga's refusal is not stored as an answer: each replay reads it from the resource."""
    wire = asking("/ordered").plain()
    worker.app.state.at = dying("begun")
    await send(worker.url, wire)
    await settle(worker.database, "refused")

    answers = [await send(worker.url, wire) for _ in range(2)]

    assert [(answer.status, answer.code) for answer in answers] == [(409, "refused")] * 2


async def test_an_answer_too_long_to_store_undoes_the_work(worker: Worker) -> None:
    """An answer too large to store fails the request, and nothing is done: it could not be replayed."""
    answer = await send(worker.url, asking("/long").plain())

    assert (answer.status, answer.code) == (500, "internal_error")
    assert await count(worker) == 0


def test_a_stream_cannot_be_stored() -> None:
    """A streamed body is refused rather than stored empty."""
    with pytest.raises(UnstorableAnswer):
        StoredAnswer.of(StreamingResponse(iter(["x"])))


def test_the_longest_answer_is_stored_whole() -> None:
    """An answer of 64 KiB is stored; one byte more is refused."""
    longest = b"x" * 64 * 1024
    assert StoredAnswer.of(Response(longest)).body == longest
    with pytest.raises(UnstorableAnswer):
        StoredAnswer.of(Response(longest + b"x"))


async def test_keys_are_forgotten_after_a_day(worker: Worker) -> None:
    """Keys older than 24 h are deleted together with old nonces; younger keys stay."""
    wires = [asking().plain() for _ in range(2)]
    for wire, age in zip(wires, (KEY_HOURS + 1, KEY_HOURS - 1), strict=True):
        body = orjson.loads((await send(worker.url, wire)).body)
        async with worker.database.transaction() as session:
            await session.execute(
                text(
                    "UPDATE idempotency_keys SET created_at = now() - make_interval(hours => :age)"
                    " WHERE headers->>'location' LIKE '%' || :id"
                ),
                {"age": age, "id": body["id"]},
            )

    await worker.database.purge_expired()

    assert [is_replayed(await send(worker.url, wire)) for wire in wires] == [False, True]
