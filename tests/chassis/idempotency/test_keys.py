from dataclasses import replace

import pytest

from chassis.idempotency.key import parse_key
from chassis.idempotency.kinds import InvalidIdempotencyKey
from tests.chassis.idempotency.asking import KINDS, asking
from tests.chassis.idempotency.tiny_keyed import THINGS, Worker, count
from tests.sealing.messages import send


@pytest.mark.parametrize("path", KINDS)
async def test_without_a_key_every_request_counts(worker: Worker, path: str) -> None:
    """The header is optional: two requests without it are separate requests."""
    wire = asking(path).plain().without("idempotency-key")

    answers = [await send(worker.url, wire) for _ in range(2)]

    assert [answer.status for answer in answers] == [201, 201]
    assert await count(worker) == 2


@pytest.mark.parametrize(
    "differently", [{"json": {"name": "jug"}}, {"query": "a=1"}], ids=["other body", "other query"]
)
@pytest.mark.parametrize("path", KINDS)
async def test_a_key_is_for_one_request(worker: Worker, path: str, differently: dict[str, object]) -> None:
    """A request that reuses a key and differs from the first is refused and has no effect."""
    forge = asking(path)
    await send(worker.url, forge.plain())

    refused = await send(worker.url, replace(forge, **differently).plain())  # type: ignore[arg-type] # fields of it

    assert (refused.status, refused.code) == (422, "idempotency_key_reused")
    assert await count(worker) == 1


async def test_a_key_is_for_one_path(worker: Worker) -> None:
    """The same key at another resource of the route belongs to another request."""
    forge = asking("/top/put", json=None)
    await send(worker.url, forge.plain())

    refused = await send(worker.url, replace(forge, path=f"{THINGS}/bottom/put").plain())

    assert (refused.status, refused.code) == (422, "idempotency_key_reused")


async def test_each_route_has_its_own_keys(worker: Worker) -> None:
    """The same key of one person at two routes counts as two keys."""
    forge = asking()

    answers = [await send(worker.url, replace(forge, path=f"{THINGS}{path}").plain()) for path in KINDS]

    assert [answer.status for answer in answers] == [201, 201]
    assert await count(worker) == 2


async def test_an_invalid_body_takes_no_key(worker: Worker) -> None:
    """A key sent with an invalid request may be used again for a valid one."""
    forge = asking()

    answers = [await send(worker.url, replace(forge, json=body).plain()) for body in ({"nome": "cup"}, {"name": "cup"})]

    assert [answer.status for answer in answers] == [422, 201]


async def test_a_key_is_documented(worker: Worker) -> None:
    """OpenAPI documents the header and its errors, beside the other errors of the route."""
    document = worker.app.openapi()["paths"][THINGS]["post"]

    header = next(one for one in document["parameters"] if one["name"] == "Idempotency-Key")
    codes = {
        code
        for status in ("400", "409", "422")
        for code in document["responses"][status]["content"]["application/problem+json"]["examples"]
    }
    assert (header["in"], header["required"]) == ("header", False)
    assert "24 hours" in header["description"]
    assert codes >= {"invalid_idempotency_key", "in_flight", "idempotency_key_reused", "invalid_request"}


VALID = {
    "plain": ("0193b5a2-c7f0", "0193b5a2-c7f0"),
    "quoted": ('"0193b5a2-c7f0"', "0193b5a2-c7f0"),
    "escaped": (r'"a\"b\\c"', r'a"b\c'),
    "one quote": ('"a', '"a'),
    "longest": ("k" * 255, "k" * 255),
}


@pytest.mark.parametrize("kind", list(VALID))
def test_a_key_is_visible_ascii_in_quotes_or_without(kind: str) -> None:
    """The quotes of a structured field are not part of the key; everything else is."""
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
    """A key that is sent twice, is empty, exceeds 255 characters or is not visible ASCII is refused."""
    with pytest.raises(InvalidIdempotencyKey):
        parse_key(INVALID[kind])
