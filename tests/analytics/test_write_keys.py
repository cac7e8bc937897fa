import base64
import gzip
import hashlib
import json
import re

import httpx
import pytest
from fastapi import FastAPI

from analytics.ingestion.add_write_key import add_write_key
from analytics.ingestion.list_write_keys import list_write_keys
from analytics.ingestion.revoke_write_key import NoSuchWriteKey, revoke_write_key
from analytics.ingestion.write_keys import WriteKey, presented_key
from cli.routes import DeclaredRoute, declared_routes
from tests.analytics.sending import BATCH, EVENTS, Stored
from tests.support.access import THING, name_of, table_of
from tests.support.aliases import People

EVENT = {"type": "page.viewed"}
GZIP = {"Content-Type": "text/plain", "Content-Encoding": "gzip"}


def basic(user: str, password: str = "") -> str:
    """The value of an Authorization header."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


@pytest.mark.parametrize("path", [EVENTS, BATCH])
async def test_a_key_is_a_bearer_token_or_a_user_name(people: People, write_key: str, path: str) -> None:
    """Both forms are accepted, for one event and for many."""
    body = EVENT if path == EVENTS else {"events": [EVENT]}

    answers = [
        await people["analytics"].post(path, json=body, headers={"Authorization": authorization})
        for authorization in (f"Bearer {write_key}", basic(write_key))
    ]

    assert {answer.is_success for answer in answers} == {True}


@pytest.mark.parametrize("message", [{}, {"properties": {"n": float("nan")}}], ids=["clean", "NaN"])
async def test_a_key_may_be_in_a_message_or_a_batch(
    people: People, stored: Stored, write_key: str, message: dict[str, object]
) -> None:
    """Keys in the body serve clients of Segment that cannot send headers (sendBeacon), or do not (Kotlin, Swift)."""
    event = {"type": "track", "event": "Opened", "userId": "ada", **message}
    one, many = json.dumps({**event, "writeKey": write_key}), json.dumps({"batch": [event], "writeKey": write_key})
    text = {"Content-Type": "text/plain"}

    answers = [
        await people["analytics"].post("/v1/t", content=one, headers=text),
        await people["analytics"].post("/v1/b", content=many, headers=text),
        await people["analytics"].post("/v1/b", content=gzip.compress(many.encode()), headers=GZIP),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len(await stored()) == 3


@pytest.mark.parametrize("wrong", ["", "wk_1_2", "x", None, 1, ["wk_1_2"]])
async def test_a_wrong_key_in_a_body_is_refused(people: People, stored: Stored, write_key: str, wrong: object) -> None:
    """A wrong key in a body is refused like one in a header; no event is stored."""
    message = {"event": "Opened", "userId": "ada", "writeKey": wrong, "properties": {"key": write_key}}

    response = await people["analytics"].post("/v1/t", json=message)

    assert (response.status_code, response.json()["code"]) == (401, "invalid_write_key")
    assert await stored() == []


async def test_a_key_in_a_header_goes_before_one_in_the_body(people: People, write_key: str) -> None:
    """A valid key in the body does not replace a wrong one in a header; our own routes read no key in a body."""
    message = {"event": "Opened", "userId": "ada", "writeKey": write_key}

    assert (await people["analytics"].post("/v1/t", json=message, auth=("wk_1_2", ""))).status_code == 401
    assert (await people["analytics"].post(BATCH, json={"events": [], "writeKey": write_key})).status_code == 401


@pytest.mark.parametrize("path", [EVENTS, BATCH, "/v1/track"])
@pytest.mark.parametrize(
    "wrong",
    [
        "Bearer",
        "Bearer x",
        "Bearer wk__",
        "Bearer wk_1_2",
        "Basic",
        "Basic !",
        "Basic /w==",
        basic("wk_1_2"),
        "Digest x",
    ],
)
async def test_whoever_has_no_valid_key_is_told_so(people: People, path: str, wrong: str) -> None:
    """A request without a valid key is a 401 with one code, whatever the reason."""
    response = await people["analytics"].post(path, json={}, headers={"Authorization": wrong})

    assert (response.status_code, response.json()["code"]) == (401, "invalid_write_key")


async def test_another_secret_under_a_known_id_is_refused(people: People, write_key: str) -> None:
    """The id alone is not secret: another secret under it is refused."""
    response = await people["analytics"].post(BATCH, json={}, auth=(write_key[:-1] + "_", ""))

    assert response.status_code == 401


async def test_without_any_key_the_old_route_asks_for_a_seal(people: People) -> None:
    """Without keys the route requires a seal, as in earlier versions."""
    response = await people["analytics"].post(EVENTS, json=EVENT)

    assert (response.status_code, response.json()["code"]) == (400, "encryption_required")


async def test_a_revoked_key_is_refused_at_once(
    apps: dict[str, FastAPI], keyed: httpx.AsyncClient, write_key: str
) -> None:
    """The next request with a revoked key is refused."""
    assert (await keyed.post(EVENTS, json=EVENT)).status_code == 201
    key = WriteKey.parse(write_key)
    assert key

    async with apps["analytics"].state.application.store.use() as database:
        await revoke_write_key(database, key.id)

    assert (await keyed.post(EVENTS, json=EVENT)).status_code == 401


async def test_revoking_twice_keeps_the_first_time(apps: dict[str, FastAPI], clean: None) -> None:
    """The list has the time of the first revocation."""
    async with apps["analytics"].state.application.store.use() as database:
        key = await add_write_key(database, "shop")
        await revoke_write_key(database, key.id)
        (before,) = await list_write_keys(database)
        await revoke_write_key(database, key.id)

        assert await list_write_keys(database) == [before]


async def test_a_key_that_never_was_cannot_be_revoked(apps: dict[str, FastAPI], clean: None) -> None:
    """Revoking a mistyped id must not look successful."""
    async with apps["analytics"].state.application.store.use() as database:
        with pytest.raises(NoSuchWriteKey):
            await revoke_write_key(database, "nobody")


async def test_the_secret_is_stored_as_its_hash(apps: dict[str, FastAPI], clean: None) -> None:
    """The stored value cannot be used to send events."""
    async with apps["analytics"].state.application.store.use() as database:
        key = await add_write_key(database, "shop")
        document = await database["write_keys"].find_one({})

    assert document is not None
    assert document["hashed"] == hashlib.sha256(key.secret.encode()).hexdigest()
    assert key.secret not in str(document)


def test_a_key_is_read_as_it_was_written() -> None:
    """A key is read with any characters in its secret, underscores included."""
    keys = [WriteKey.make() for _ in range(100)]

    assert [presented_key(basic(str(key))) for key in keys] == keys
    assert WriteKey.parse("wk_1_a_b") == WriteKey("1", "a_b")


async def test_a_key_opens_nothing_else(
    apps: dict[str, FastAPI], people: People, write_key: str, outside_development: None
) -> None:
    """Every route with a requirement on its caller refuses a write key."""
    demanding = [
        one
        for one in declared_routes(apps)
        if one.policy.access.mode == "service" or one.policy.authentication not in {"-", "write key"}
    ]

    opened = [one for one in demanding if await answers(people, one, write_key)]

    assert len(demanding) > 20
    assert opened == []


async def answers(people: People, route: DeclaredRoute, write_key: str) -> bool:
    """Return whether a route accepts a write key."""
    path, body = re.sub(r"\{\w+\}", THING, route.path), table_of(route.service).bodies.get(name_of(route))
    key = {"Authorization": f"Bearer {write_key}"}
    response = await people[route.service].request(route.method, path, json=body, headers=key)
    return response.status_code not in {400, 401}
