from dataclasses import asdict

import pytest
from sqlalchemy import insert, select

from chassis.core.types import new_id
from chassis.idempotency.key import KeyedRequest
from chassis.postgres.tables import idempotency_keys
from tests.chassis.idempotency.asking import KINDS, asking, is_replayed, person
from tests.chassis.idempotency.tiny_keyed import THINGS, Worker, count
from tests.sealing.messages import send

ANSWER = {"status": 201, "headers": {}, "body": b"somebody else's"}


async def rows(worker: Worker, *others: KeyedRequest) -> list[tuple[object, ...]]:
    """Return what is stored of these keys."""
    columns = idempotency_keys.c
    async with worker.database.transaction() as session:
        return [
            tuple(row)
            for one in others
            for row in await session.execute(
                select(idempotency_keys).where(
                    columns.caller == one.caller, columns.operation == one.operation, columns.key == one.key
                )
            )
        ]


@pytest.mark.parametrize("answer", [ANSWER, {}], ids=["answered", "unanswered"])
@pytest.mark.parametrize("path", KINDS)
async def test_keys_that_differ_in_one_thing_are_left_alone(
    worker: Worker, path: str, answer: dict[str, object]
) -> None:
    """A key of another person, of another route, or of another value is not answered, replayed or changed by ours."""
    user_id = new_id()
    forge = asking(path, person(user_id=user_id))
    caller, operation, key = f"user:{user_id}", f"POST {THINGS}{path}", forge.headers["idempotency-key"]
    others = [
        KeyedRequest(f"user:{new_id()}", operation, key, b"f"),
        KeyedRequest(caller, f"POST {THINGS}/other", key, b"f"),
        KeyedRequest(caller, operation, str(new_id()), b"f"),
    ]
    async with worker.database.transaction() as session:
        for one in others:
            await session.execute(insert(idempotency_keys).values(**asdict(one), **answer, resource_id=new_id()))
    before = await rows(worker, *others)

    first, second = [await send(worker.url, forge.plain()) for _ in range(2)]

    assert (first.status, is_replayed(first)) == (201, False)
    assert (second.body, is_replayed(second)) == (first.body, True)
    assert await rows(worker, *others) == before
    assert await count(worker) == 1
    (ours,) = await rows(worker, KeyedRequest(caller, operation, key, b""))
    assert (ours[5], ours[7]) == (201, first.body)


def test_each_part_of_a_key_has_a_lock_of_its_own() -> None:
    """Requests that differ in person, route or key do not wait for each other; the fingerprint makes no difference."""
    ours = KeyedRequest("user:a", "POST /b", "c", b"one")
    others = [
        KeyedRequest("user:x", "POST /b", "c", b"one"),
        KeyedRequest("user:a", "POST /x", "c", b"one"),
        KeyedRequest("user:a", "POST /b", "x", b"one"),
    ]

    assert ours.lock == KeyedRequest("user:a", "POST /b", "c", b"another").lock
    assert len({one.lock for one in (ours, *others)}) == 4
    assert -(2**63) <= ours.lock < 2**63
