import pytest

from tests.chassis.idempotency.asking import asking
from tests.chassis.idempotency.tiny_keyed import THINGS, Base, Worker, count
from tests.sealing.messages import send
from tests.support.databases import bystanders

REFUSING = {"/unrepeatable": "POST"}
TAKING = {"/repeatable": "POST", "/by-put": "PUT", "/by-delete": "DELETE"}


@pytest.mark.parametrize("path", REFUSING)
async def test_a_key_that_would_promise_too_much_is_refused(worker: Worker, path: str) -> None:
    """A route that is not repeatable refuses the key before it does anything, plain and sealed, for every caller."""
    forge = asking(path, method=REFUSING[path])
    message = forge.message()

    async with bystanders(worker.database, Base.metadata):
        plain = await send(worker.url, forge.plain())
        sealed = message.open(await send(worker.url, message.wire))

    assert {(answer.status, answer.code) for answer in (plain, sealed)} == {(400, "idempotency_key_not_taken")}


@pytest.mark.parametrize("path", REFUSING)
async def test_without_a_key_such_a_route_does_its_work(worker: Worker, path: str) -> None:
    """Such a route accepts a request without a key."""
    answer = await send(worker.url, asking(path, method=REFUSING[path]).plain().without("idempotency-key"))

    assert (answer.status, await count(worker)) == (204, 1)


@pytest.mark.parametrize("path", TAKING)
async def test_what_may_be_repeated_takes_any_key(worker: Worker, path: str) -> None:
    """A route that is repeatable by declaration or by its method accepts a key and does its work, storing no answer."""
    answers = [await send(worker.url, asking(path, method=TAKING[path]).plain()) for _ in range(2)]

    assert [answer.status for answer in answers] == [204, 204]
    assert all(("idempotent-replayed", "true") not in answer.headers for answer in answers)


@pytest.mark.parametrize(("path", "method"), (REFUSING | TAKING).items())
async def test_the_header_is_documented_where_it_is_taken(worker: Worker, path: str, method: str) -> None:
    """OpenAPI contains the header of a repeatable POST, and the problem of a route that refuses it."""
    document = worker.app.openapi()["paths"][f"{THINGS}{path}"][method.lower()]

    headers = {one["name"]: one["required"] for one in document["parameters"] if one["in"] == "header"}
    problems = document["responses"].get("400", {"content": {}})["content"].get("application/problem+json", {})
    assert headers == {"X-Request-ID": False} | ({"Idempotency-Key": False} if path == "/repeatable" else {})
    assert ("idempotency_key_not_taken" in problems.get("examples", {})) == (path in REFUSING)
