"""The long run: ``KEYS=1000 pytest -n 0 tests/chassis/test_idempotency.py -k storm``."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace

import orjson
import pytest
from fastapi.responses import StreamingResponse
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import create_async_engine

from chassis.idempotency.answers import Answer as StoredAnswer
from chassis.idempotency.answers import UnstorableAnswer
from chassis.idempotency.errors import InvalidIdempotencyKey
from chassis.idempotency.keyed_request import parse_key
from chassis.ids import new_id
from chassis.postgres import KEY_HOURS
from chassis.tables import chassis_metadata
from chassis.testing import eventually
from cli.stack.postgres import EmbeddedPostgres
from tests.chassis.tiny_keyed import (
    THINGS,
    Base,
    Gate,
    Thing,
    Worker,
    asking,
    dying,
    failing,
    person,
    serve_worker,
    settle,
)
from tests.sealing.messages import Answer, Wire, send

KEYS = int(os.environ.get("KEYS", "20"))
SENDS, AT_ONCE = 20, 32
"""The storm: so many requests, each sent so often, so many under way."""

KINDS = ["", "/ordered"]
"""A route with one transaction, and one with several."""


@pytest.fixture(scope="module")
async def database_url(postgres: EmbeddedPostgres) -> str:
    """A database of this module's own."""
    url = postgres.create_database("tiny_keyed")
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        await connection.run_sync(chassis_metadata.create_all)
    await engine.dispose()
    return url


@pytest.fixture
async def worker(database_url: str) -> AsyncIterator[Worker]:
    """A process that serves; its database is empty."""
    async with serve_worker(database_url) as serving:
        async with serving.database.transaction() as session:
            await session.execute(text("TRUNCATE things, idempotency_keys, sealed_requests"))
        yield serving


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[Worker]:
    """Another process on the same database."""
    async with serve_worker(database_url) as serving:
        yield serving


async def count(worker: Worker) -> int:
    """The number of things made."""
    async with worker.database.transaction() as session:
        return await session.scalar(select(func.count(Thing.id))) or 0


def is_replayed(answer: Answer) -> bool:
    """Whether an answer says that it was given before."""
    return ("idempotent-replayed", "true") in answer.headers


async def send_until_answered(url: str, wire: Wire) -> Answer:
    """Send again while the answer is that the request is in flight."""
    answers: list[Answer] = []

    async def is_answered() -> bool:
        answers.append(await send(url, wire))
        return answers[-1].status != 409

    assert await eventually(is_answered, within=20)
    return answers[-1]


@pytest.mark.parametrize("path", KINDS)
async def test_a_storm_of_sends_has_one_effect_and_one_answer_each(worker: Worker, other: Worker, path: str) -> None:
    """Sent many times at once to two processes, each request makes one thing, and every answer to it is the same."""
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


async def test_the_answer_is_given_again(worker: Worker) -> None:
    """Status, body and the headers of the resource are those of the first answer; what was of that request is not."""
    wire = asking().plain()

    first, second = await send(worker.url, wire), await send(worker.url, wire)

    kept = {"content-type", "content-length", "location", "etag"}
    assert (second.status, second.body) == (first.status, first.body)
    assert {header for header in second.headers if header[0] in kept} == {
        header for header in first.headers if header[0] in kept
    }
    assert {name for name, _ in second.headers} == kept | {"server", "date", "x-request-id", "idempotent-replayed"}
    assert not is_replayed(first)


async def test_an_answer_without_a_body_is_given_again(worker: Worker) -> None:
    """A 204 stays one."""
    wire = asking("/top/put", json=None).plain()

    answers = [await send(worker.url, wire) for _ in range(2)]

    assert [(answer.status, answer.body) for answer in answers] == [(204, b"")] * 2
    assert [is_replayed(answer) for answer in answers] == [False, True]
    assert await count(worker) == 1


@pytest.mark.parametrize("path", KINDS)
async def test_a_restart_forgets_no_key(worker: Worker, database_url: str, path: str) -> None:
    """A process that starts later gives the same answer."""
    wire = asking(path).plain()
    first = await send(worker.url, wire)

    async with serve_worker(database_url) as restarted:
        second = await send(restarted.url, wire)

    assert (second.status, second.body) == (first.status, first.body)


@pytest.mark.parametrize("path", KINDS)
async def test_without_a_key_every_request_counts(worker: Worker, path: str) -> None:
    """The header is optional: two requests without it are two."""
    wire = asking(path).plain().without("idempotency-key")

    answers = [await send(worker.url, wire) for _ in range(2)]

    assert [answer.status for answer in answers] == [201, 201]
    assert await count(worker) == 2


@pytest.mark.parametrize(
    "differently", [{"json": {"name": "jug"}}, {"query": "a=1"}], ids=["other body", "other query"]
)
@pytest.mark.parametrize("path", KINDS)
async def test_a_key_is_for_one_request(worker: Worker, path: str, differently: dict[str, object]) -> None:
    """With the same key, what differs from the first request is refused and has no effect."""
    forge = asking(path)
    await send(worker.url, forge.plain())

    refused = await send(worker.url, replace(forge, **differently).plain())  # type: ignore[arg-type] # fields of it

    assert (refused.status, refused.code) == (422, "idempotency_key_reused")
    assert await count(worker) == 1


async def test_a_key_is_for_one_path(worker: Worker) -> None:
    """Another resource of the same route is another request."""
    forge = asking("/top/put", json=None)
    await send(worker.url, forge.plain())

    refused = await send(worker.url, replace(forge, path=f"{THINGS}/bottom/put").plain())

    assert (refused.status, refused.code) == (422, "idempotency_key_reused")


async def test_each_route_has_its_own_keys(worker: Worker) -> None:
    """The same key of the same person at two routes is two keys."""
    forge = asking()

    answers = [await send(worker.url, replace(forge, path=f"{THINGS}{path}").plain()) for path in KINDS]

    assert [answer.status for answer in answers] == [201, 201]
    assert await count(worker) == 2


@pytest.mark.parametrize("path", KINDS)
async def test_each_person_has_their_own_keys(worker: Worker, path: str) -> None:
    """The same key of two people is two keys, and nobody sees another's answer."""
    forge = asking(path)

    answers = [await send(worker.url, asking(path, {**forge.headers, **person()}).plain()) for _ in range(2)]

    assert [answer.status for answer in answers] == [201, 201]
    assert answers[0].body != answers[1].body
    assert await count(worker) == 2


@pytest.mark.parametrize("path", KINDS)
async def test_a_request_in_flight_is_told_at_once(worker: Worker, other: Worker, path: str) -> None:
    """While the first request is under way the second, in another process, is told to come back."""
    worker.app.state.at = gate = Gate()
    wire = asking(path).plain()
    first = asyncio.create_task(send(worker.url, wire))
    await gate.reached.wait()

    second = await send(other.url, wire)  # would not be answered at all before the gate is opened if it waited

    assert (second.status, second.code) == (409, "in_flight")
    assert ("retry-after", "1") in second.headers
    gate.opened.set()
    assert (await first).status == 201


async def test_an_error_frees_the_key(worker: Worker) -> None:
    """What failed was undone with its key: the same request may succeed later."""
    wire = asking().plain()
    worker.app.state.at = failing("made")
    failed = await send(worker.url, wire)
    worker.app.state.at = failing("nowhere")

    second = await send(worker.url, wire)

    assert [failed.status, second.status, is_replayed(second)] == [503, 201, False]
    assert await count(worker) == 1


async def test_an_invalid_body_takes_no_key(worker: Worker) -> None:
    """The key of a request that was never valid may be used for the one that is."""
    forge = asking()

    answers = [await send(worker.url, replace(forge, json=body).plain()) for body in ({"nome": "cup"}, {"name": "cup"})]

    assert [answer.status for answer in answers] == [422, 201]


async def test_a_process_that_dies_at_work_frees_the_key(worker: Worker, other: Worker) -> None:
    """A transaction that was never committed holds no key."""
    wire = asking().plain()
    worker.app.state.at = dying("made")
    await send(worker.url, wire)

    assert (await send_until_answered(other.url, wire)).status == 201
    assert await count(worker) == 1


async def test_what_a_dead_process_has_begun_is_resolved(worker: Worker, other: Worker) -> None:
    """Killed after the first transaction, the request is in flight until a resumer ends the work, then answered."""
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
    """Killed after the last transaction, before its answer was stored, the request is answered from what it made."""
    wire = asking("/ordered").plain()
    worker.app.state.at = dying("settled")
    await send(worker.url, wire)

    answer = await send(other.url, wire)

    assert (answer.status, is_replayed(answer)) == (201, False)
    assert await count(worker) == 1


async def test_an_answer_outlives_the_state_it_tells(worker: Worker) -> None:
    """An answer that was given is given again, whatever became of the resource."""
    wire = asking("/ordered").plain()
    first = await send(worker.url, wire)
    async with worker.database.transaction() as session:
        await session.execute(text("UPDATE things SET status = 'broken'"))

    assert (await send(worker.url, wire)).body == first.body


async def test_whoever_answers_first_answers_for_all(worker: Worker, other: Worker) -> None:
    """A request that was overtaken by its second send says what that has said."""
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


async def test_a_refusal_is_told_from_the_resource(worker: Worker) -> None:
    """What a saga was refused is not stored as an answer: the resource remembers it, and it is told each time."""
    wire = asking("/ordered").plain()
    worker.app.state.at = dying("begun")
    await send(worker.url, wire)
    await settle(worker.database, "refused")

    answers = [await send(worker.url, wire) for _ in range(2)]

    assert [(answer.status, answer.code) for answer in answers] == [(409, "refused")] * 2


async def test_a_key_that_is_not_answered_is_for_one_request_too(worker: Worker) -> None:
    """What was begun and not answered is not answered to another body."""
    forge = asking("/ordered")
    worker.app.state.at = dying("begun")
    await send(worker.url, forge.plain())

    refused = await send(worker.url, replace(forge, json={"name": "jug"}).plain())

    assert (refused.status, refused.code) == (422, "idempotency_key_reused")


async def test_what_several_transactions_began_is_not_begun_in_one(worker: Worker) -> None:
    """A key left open by a release in which the route had several transactions is not taken for a new one."""
    wire = asking().plain()
    await send(worker.url, wire)
    reopen = "UPDATE idempotency_keys SET status = NULL, headers = NULL, body = NULL, resource_id = :id"
    async with worker.database.transaction() as session:
        await session.execute(text(reopen), {"id": new_id()})

    assert (await send(worker.url, wire)).code == "in_flight"


@pytest.mark.parametrize("path", KINDS)
async def test_sealed_and_plain_a_persons_request_is_one(worker: Worker, path: str) -> None:
    """A key is the person's, whoever carries it: sealed by a peer the request gets the answer that it got plain."""
    forge = asking(path)
    message = forge.message()

    plain = await send(worker.url, forge.plain())
    sealed = message.open(await send(worker.url, message.wire))

    assert (sealed.status, sealed.body) == (plain.status, plain.body)
    assert sealed.headers["idempotent-replayed"] == "true"
    assert await count(worker) == 1


async def test_each_peer_has_its_own_keys(worker: Worker) -> None:
    """Where no person is asked for, a key is the peer's: another peer's is another request."""
    forge = asking("/sealed")

    messages = [replace(forge, caller=caller).message() for caller in ("order", "order", "client")]
    answers = [message.open(await send(worker.url, message.wire)) for message in messages]

    assert [answer.status for answer in answers] == [201, 201, 201]
    assert [answer.headers.get("idempotent-replayed") for answer in answers] == [None, "true", None]
    assert await count(worker) == 2


async def test_a_message_whose_answer_was_stored_is_claimed(worker: Worker) -> None:
    """A sealed message that got a stored answer cannot be sent once more."""
    forge = asking("/sealed")
    await send(worker.url, forge.valid())
    wire = forge.valid()

    assert [(await send(worker.url, wire)).status for _ in range(2)] == [201, 401]


async def test_the_key_of_nobody_is_refused(worker: Worker) -> None:
    """Where neither a person nor a peer is known, a key would be everybody's."""
    refused = await send(worker.url, asking("/public").plain())

    assert (refused.status, refused.code) == (400, "invalid_idempotency_key")


async def test_a_stored_answer_passes_no_guard(worker: Worker) -> None:
    """Who may no longer use a route does not get its stored answer, in whatever order the route asks."""
    user_id = new_id()
    forge = asking("/guarded", person("admin", user_id))

    made = await send(worker.url, forge.plain())
    refused = await send(worker.url, asking("/guarded", {**forge.headers, **person("user", user_id)}).plain())

    assert [made.status, refused.status] == [201, 403]


async def test_an_answer_too_long_to_store_undoes_the_work(worker: Worker) -> None:
    """A route that answers more than is stored must not take keys; nothing is done that could not be told again."""
    answer = await send(worker.url, asking("/long").plain())

    assert (answer.status, answer.code) == (500, "internal_error")
    assert await count(worker) == 0


def test_a_stream_cannot_be_stored() -> None:
    """A body that is not there as a whole is refused rather than stored empty."""
    with pytest.raises(UnstorableAnswer):
        StoredAnswer.of(StreamingResponse(iter(["x"])))


async def test_keys_are_forgotten_after_a_day(worker: Worker) -> None:
    """What is older than 24 h is deleted where old claims are, and nothing younger."""
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

    await worker.database.forget_claims()

    assert [is_replayed(await send(worker.url, wire)) for wire in wires] == [False, True]


async def test_a_key_is_documented(worker: Worker) -> None:
    """OpenAPI has the header and what can be wrong with it, beside what is wrong otherwise."""
    document = worker.app.openapi()["paths"][THINGS]["post"]

    header = next(one for one in document["parameters"] if one["name"] == "Idempotency-Key")
    codes = {
        code
        for status in ("400", "409", "422")
        for code in document["responses"][status]["content"]["application/problem+json"]["examples"]
    }
    assert (header["in"], header["required"]) == ("header", False)
    assert "24 hours" in header["description"]
    assert codes == {"invalid_idempotency_key", "in_flight", "idempotency_key_reused", "invalid_request"}


VALID = {
    "plain": ("0193b5a2-c7f0", "0193b5a2-c7f0"),
    "quoted": ('"0193b5a2-c7f0"', "0193b5a2-c7f0"),
    "escaped": (r'"a\"b\\c"', r'a"b\c'),
    "one quote": ('"a', '"a'),
    "longest": ("k" * 255, "k" * 255),
}


@pytest.mark.parametrize("kind", list(VALID))
def test_a_key_is_visible_ascii_in_quotes_or_without(kind: str) -> None:
    """Quotes of a structured field are no part of the key; everything else is."""
    sent, key = VALID[kind]

    assert parse_key([sent]) == key


INVALID = {
    "empty": [""],
    "quotes around nothing": ['""'],
    "too long": ["k" * 256],
    "space": ["a b"],
    "space in quotes": ['"a b"'],
    "not ASCII": ["\xe9"],
    "control": ["a\x7f"],
    "twice": ["a", "a"],
}


@pytest.mark.parametrize("kind", list(INVALID))
def test_other_keys_are_refused(kind: str) -> None:
    """A key is sent once, and has 1 to 255 visible characters."""
    with pytest.raises(InvalidIdempotencyKey):
        parse_key(INVALID[kind])
