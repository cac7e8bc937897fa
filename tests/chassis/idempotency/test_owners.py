from dataclasses import replace

import pytest

from chassis.core.types import new_id
from tests.chassis.idempotency.asking import KINDS, asking, person
from tests.chassis.idempotency.tiny_keyed import Worker, count
from tests.sealing.messages import send


@pytest.mark.parametrize("path", KINDS)
async def test_each_person_has_their_own_keys(worker: Worker, path: str) -> None:
    """The same key of two people counts as two keys, and neither sees the other's answer."""
    forge = asking(path)

    answers = [await send(worker.url, asking(path, {**forge.headers, **person()}).plain()) for _ in range(2)]

    assert [answer.status for answer in answers] == [201, 201]
    assert answers[0].body != answers[1].body
    assert await count(worker) == 2


@pytest.mark.parametrize("path", KINDS)
async def test_sealed_and_plain_a_persons_request_is_one(worker: Worker, path: str) -> None:
    """A key belongs to the person: the request sealed by a peer gets the answer that the plain one got."""
    forge = asking(path)
    message = forge.message()

    plain = await send(worker.url, forge.plain())
    sealed = message.open(await send(worker.url, message.wire))

    assert (sealed.status, sealed.body) == (plain.status, plain.body)
    assert sealed.headers["idempotent-replayed"] == "true"
    assert await count(worker) == 1


async def test_each_peer_has_its_own_keys(worker: Worker) -> None:
    """At a route without a person a key belongs to the peer: another peer's is another request."""
    forge = asking("/sealed")

    messages = [replace(forge, caller=caller).message() for caller in ("order", "order", "user")]
    answers = [message.open(await send(worker.url, message.wire)) for message in messages]

    assert [answer.status for answer in answers] == [201, 201, 201]
    assert [answer.headers.get("idempotent-replayed") for answer in answers] == [None, "true", None]
    assert await count(worker) == 2


async def test_a_message_whose_answer_was_stored_is_claimed(worker: Worker) -> None:
    """A sealed message that got a stored answer cannot be replayed."""
    forge = asking("/sealed")
    await send(worker.url, forge.valid())
    wire = forge.valid()

    assert [(await send(worker.url, wire)).status for _ in range(2)] == [201, 401]


async def test_the_key_of_nobody_is_refused(worker: Worker) -> None:
    """A key without a known person or peer is refused: everybody would share it."""
    refused = await send(worker.url, asking("/public").plain())

    assert (refused.status, refused.code) == (400, "invalid_idempotency_key")


async def test_a_stored_answer_passes_no_guard(worker: Worker) -> None:
    """A caller who has lost access to a route does not get its stored answer, in whatever order the route checks."""
    user_id = new_id()
    forge = asking("/guarded", person("admin", user_id))

    made = await send(worker.url, forge.plain())
    refused = await send(worker.url, asking("/guarded", {**forge.headers, **person("user", user_id)}).plain())

    assert [made.status, refused.status] == [201, 403]
