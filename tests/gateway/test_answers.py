"""Answers through the gateway are those of the services."""

import gzip

import pytest
from fastapi import FastAPI

from analytics.ingestion.add_write_key import add_write_key
from tests.gateway.comparing import Asked, assert_same
from tests.support.aliases import Bearer, MakeUser, People

REQUESTS: dict[tuple[str, str], Asked] = {
    ("user", "the issuer's keys"): ("GET", "/.well-known/jwks.json", {}),
    ("user", "the head of its keys"): ("HEAD", "/.well-known/jwks.json", {}),
    ("user", "keys that are not modified"): ("GET", "/.well-known/jwks.json", {"headers": {"if-none-match": "*"}}),
    ("analytics", "a page"): ("GET", "/dashboard", {}),
    ("analytics", "the head of a page"): ("HEAD", "/dashboard", {}),
    ("analytics", "a page at its address with a slash"): ("GET", "/dashboard/", {}),
    ("analytics", "a file that is not there"): ("GET", "/dashboard/x.js", {}),
    ("analytics", "no session"): ("POST", "/dashboard/session/refresh", {}),
    ("analytics", "another site"): ("DELETE", "/dashboard/session", {"headers": {"sec-fetch-site": "cross-site"}}),
    ("analytics", "an export"): ("GET", "/api/v1/analytics/export?start=2026-01-01&end=2026-01-02", {}),
    ("analytics", "no write key"): ("POST", "/v1/batch", {"json": {"batch": []}}),
}


@pytest.mark.parametrize(("service", "what"), REQUESTS)
async def test_an_answer_is_the_same_as_at_the_service(
    people: People, bearer: Bearer, make_user: MakeUser, service: str, what: str
) -> None:
    """Status, headers (each once) and body: problems, validators, lengths, cookies, security headers."""
    await assert_same(people, service, REQUESTS[service, what], bearer(await make_user("admin", "admin")))


async def test_registration_works_for_a_browser(people: People) -> None:
    """At the service it needs a seal, which the gateway sets; with a key it would belong to all people."""
    new = {"username": "eve", "email": "eve@example.org", "password": "correct horse battery"}

    direct = await people["user"].post("/api/v1/users/register", json=new)
    keyed = await people["gateway"].post("/api/v1/users/register", json=new, headers={"idempotency-key": "k"})
    through = await people["gateway"].post("/api/v1/users/register", json=new)
    form = {"username": "eve", "password": new["password"]}
    logged_in = await people["gateway"].post("/api/v1/users/login", data=form)

    assert (direct.status_code, direct.json()["code"]) == (400, "encryption_required")
    assert (keyed.status_code, keyed.json()["code"]) == (400, "invalid_idempotency_key")
    assert (through.status_code, through.json()["username"]) == (201, "eve")
    token = {"authorization": f"Bearer {logged_in.json()['access_token']}"}
    assert (await people["gateway"].get("/api/v1/users/profile", headers=token)).json()["username"] == "eve"


async def test_the_seal_of_the_gateway_is_no_login(people: People) -> None:
    """Where a service takes the seal of a peer in place of a login or a write key, people still need theirs."""
    event = {"type": "page.viewed"}

    one = await people["gateway"].post("/api/v1/analytics/events", json=event, headers={"authorization": "Bearer x"})
    batch = await people["gateway"].post("/api/v1/analytics/events/batch", json={"events": [event]})
    segment = await people["gateway"].post("/v1/batch", json={"batch": [{"type": "page", "userId": "ada"}]})

    assert [one.status_code, batch.status_code, segment.status_code] == [401, 401, 401]


async def test_clients_of_segment_send_compressed_batches(apps: dict[str, FastAPI], people: People) -> None:
    """The gateway unpacks them within the cap of the route, and the service stores the events."""
    body = gzip.compress(b'{"batch":[{"type":"page","userId":"ada","messageId":"m-1"}]}')
    headers = {"content-encoding": "gzip", "content-type": "application/json"}
    async with apps["analytics"].state.application.store.use() as database:
        key = await add_write_key(database, "tests")

    answer = await people["gateway"].post("/v1/batch", content=body, headers=headers, auth=(str(key), ""))

    async with apps["analytics"].state.application.store.use() as database:
        stored = [event["type"] async for event in database["events"].find()]
    assert (answer.status_code, stored) == (200, ["page"])
