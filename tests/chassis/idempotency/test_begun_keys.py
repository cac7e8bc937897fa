"""Keys that a service begins itself, in the one statement that creates the resource."""

from dataclasses import asdict, replace
from uuid import UUID

import pytest
from fastapi import Response
from sqlalchemy import insert, select

from chassis.core.types import new_id
from chassis.idempotency.answers import REPLAYED, Replay
from chassis.idempotency.dependency import IdempotencyKey, KeyNotBegun, delete_answer
from chassis.idempotency.key import BeginKey, KeyedRequest
from chassis.idempotency.kinds import InFlight, KeyReused
from chassis.postgres.statements import Statement
from chassis.postgres.tables import chassis_metadata, idempotency_keys
from tests.chassis.idempotency.tiny_keyed import Worker, count
from tests.support.databases import bystanders

MAKE = Statement(
    BeginKey,
    "made AS (INSERT INTO things (id, name, status) SELECT :id, 'cup', 'made' FROM begun WHERE is_first RETURNING id)",
    "SELECT begun.*, id FROM begun LEFT JOIN made ON is_first",
)
MADE = Response(b"made", 201)


def keyed() -> KeyedRequest:
    """A request of a new person."""
    return KeyedRequest(f"user:{new_id()}", "POST /things", "key", b"fingerprint")


async def make(worker: Worker, request: KeyedRequest | None) -> tuple[IdempotencyKey, UUID | None, UUID | None]:
    """Create a thing with one statement; returns the key, the thing of an earlier request, and the new thing."""
    key, id_ = IdempotencyKey(worker.database, request), new_id()
    earlier, row = await key.begin_with(MAKE, {"id": id_}, id_)
    return key, earlier, row["id"]


async def stored(worker: Worker, request: KeyedRequest) -> list[tuple[object, ...]]:
    """Return the resource, status and body stored for the keys of a person."""
    columns = idempotency_keys.c
    async with worker.database.transaction() as session:
        found = select(columns.resource_id, columns.status, columns.body).where(columns.caller == request.caller)
        return [tuple(row) for row in await session.execute(found)]


async def store_others(worker: Worker, request: KeyedRequest) -> None:
    """Store keys that each differ from a request's in one field, without an answer."""
    others = [replace(request, caller="x"), replace(request, operation="x"), replace(request, key="x")]
    async with worker.database.transaction() as session:
        for one in others:
            await session.execute(insert(idempotency_keys).values(**asdict(one), resource_id=new_id()))


async def begin(worker: Worker, request: KeyedRequest) -> tuple[IdempotencyKey, UUID]:
    """Begin a key whose answer is stored later; returns the key and its resource."""
    key, id_ = IdempotencyKey(worker.database, request), new_id()
    async with worker.database.transaction() as session:
        assert await key.begin(session, id_) is None
    return key, id_


async def test_without_a_key_a_statement_does_its_work_each_time(worker: Worker) -> None:
    """Without a key neither a key nor an answer is stored."""
    async with bystanders(worker.database, chassis_metadata):
        for _ in range(2):
            key, earlier, made = await make(worker, None)
            assert REPLAYED not in (await key.finish(Response(b"made", 201))).headers
            assert (earlier, made is not None) == (None, True)

    assert await count(worker) == 2


async def test_a_statement_does_its_work_once_for_a_key(worker: Worker) -> None:
    """A repeated key returns the first thing, and its answer is marked but not stored; no other key changes."""
    request = keyed()
    await store_others(worker, request)
    async with bystanders(worker.database, chassis_metadata):
        key, earlier, made = await make(worker, request)
        again, *found = await make(worker, request)
        answers = [await one.finish(Response(b"made", 201)) for one in (key, again)]
        assert {row[1:] for row in await stored(worker, request)} == {(None, None)}
        async with worker.database.transaction() as session:
            await session.execute(idempotency_keys.delete().where(idempotency_keys.c.resource_id == made))

    assert (earlier, found) == (None, [made, None])
    assert [answer.headers.get(REPLAYED) for answer in answers] == [None, "true"]
    assert await count(worker) == 1


async def test_an_answer_that_an_earlier_release_stored_is_replayed(worker: Worker) -> None:
    """A statement finds the answer that was stored for its key, and does nothing."""
    request = keyed()
    key, _ = await begin(worker, request)
    await key.finish(MADE)

    with pytest.raises(Replay) as replayed:
        await make(worker, request)

    assert (replayed.value.response.status_code, replayed.value.response.body) == (201, b"made")
    assert await count(worker) == 0


async def test_a_statement_has_no_effect_with_the_key_of_another_request(worker: Worker) -> None:
    """A key with another request is refused, even before the first request is answered."""
    request = keyed()
    await make(worker, request)

    with pytest.raises(KeyReused):
        await make(worker, replace(request, fingerprint=b"other"))

    assert await count(worker) == 1


@pytest.mark.parametrize("is_known", [True, False], ids=["begun before", "new"])
async def test_a_statement_has_no_effect_beside_a_transaction_with_its_key(worker: Worker, *, is_known: bool) -> None:
    """While another transaction holds the key its outcome is unknown; the statement does not wait for it."""
    request = keyed()
    if is_known:
        await make(worker, request)
    async with worker.database.transaction() as session:
        await IdempotencyKey(worker.database, request).begin(session, new_id())
        with pytest.raises(InFlight):
            await make(worker, request)

    assert await count(worker) == is_known


async def test_a_key_that_was_purged_meanwhile_is_in_flight(worker: Worker) -> None:
    """A key that existed for the statement and is purged afterwards counts as in flight: its resource is unknown."""
    request = keyed()
    await make(worker, request)
    purging = Statement(BeginKey, "purged AS (DELETE FROM idempotency_keys WHERE caller = :of)", "SELECT * FROM begun")

    with pytest.raises(InFlight):
        await IdempotencyKey(worker.database, request).begin_with(purging, {"of": request.caller}, new_id())


async def test_an_answer_is_stored_once_it_is_known(worker: Worker) -> None:
    """A 202 is not stored as an answer: it means that there is none yet."""
    request = keyed()
    key, made = await begin(worker, request)

    await key.finish(Response(status_code=202))
    unanswered = await stored(worker, request)
    await key.finish(MADE)

    assert unanswered == [(made, None, None)]
    assert await stored(worker, request) == [(made, 201, b"made")]


async def test_a_route_that_has_not_begun_its_key_fails(worker: Worker) -> None:
    """A route that answers without having begun its key fails; the request that holds the key keeps its state."""
    request = keyed()
    _, _, made = await make(worker, request)

    with pytest.raises(KeyNotBegun):
        await IdempotencyKey(worker.database, request).finish(MADE)

    assert await stored(worker, request) == [(made, None, None)]


async def test_the_answer_about_one_resource_is_forgotten(worker: Worker) -> None:
    """A key whose answer is deleted stays taken; other answers, of its transaction or about its resource, are kept."""
    request, earlier, other = keyed(), new_id(), new_id()
    keys = {name: IdempotencyKey(worker.database, replace(request, key=name)) for name in ("its", "beside", "later")}
    async with worker.database.transaction() as session:
        await keys["its"].begin(session, earlier)
        await keys["beside"].begin(session, other)
        begun_at = await session.scalar(select(idempotency_keys.c.created_at).limit(1))
    async with worker.database.transaction() as session:
        await keys["later"].begin(session, earlier)
    for key in keys.values():
        await key.finish(MADE)

    async with worker.database.transaction() as session:
        assert begun_at
        await delete_answer(session, earlier, begun_at)

    assert sorted(await stored(worker, request), key=str) == sorted(
        [(earlier, None, None), (other, 201, b"made"), (earlier, 201, b"made")], key=str
    )
    assert (await make(worker, replace(request, key="its")))[1:] == (earlier, None)
