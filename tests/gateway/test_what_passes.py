"""What passes the front door of a request, and what does not."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.routing import Match

from chassis.application import application_of
from chassis.dispatch.breaker import FEWEST_CALLS
from gateway.front_door.routes import front_door
from gateway.front_door.table import Table
from tests.chassis.tiny import serve_tiny
from tests.gateway.doors import CLOSED, KEYS, PLAIN, SEALED, THINGS, Door, echoing, opened, serve_door
from tests.sealing.messages import Wire, as_setting, send
from tests.support.often import times

TEXT = {"content-type": "application/json"}
FORGED = {
    "x-client-address": "203.0.113.9",
    "forwarded": "for=203.0.113.9",
    "x-real-ip": "203.0.113.9",
    "x-forwarded-host": "evil.example.org",
    "x-service-name": "user",
    "x-key-id": "k1",
    "x-encrypted-data": "gAAAA",
    "x-encrypt-response": "false",
    "te": "trailers",
    "proxy-authorization": "Basic YTpi",
    "keep-alive": "timeout=5",
    "origin": "https://evil.example.org",
}
"""Headers from outside that mean something inside, or belong to one connection."""
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(scope="module")
async def door() -> AsyncIterator[Door]:
    """A gateway before a service that reports what arrives."""
    seen = list[dict[str, Any]]()
    async with (
        serve_tiny(echoing(seen), link_key=as_setting(KEYS), max_body_bytes=256 * 1024) as tiny,
        serve_door(str(tiny.client.base_url).rstrip("/"), seen=seen) as door,
    ):
        yield door


@pytest.mark.parametrize("path", [SEALED, PLAIN])
async def test_headers_of_the_request_pass_and_forged_ones_do_not(door: Door, path: str) -> None:
    """The service gets the person's own headers and address, and what the gateway decides about traces."""
    mine = {"authorization": "Bearer t", "if-none-match": '"1"', "user-agent": "browser/1"}
    headers = {
        **FORGED,
        **mine,
        "traceparent": TRACE,
        "x-request-id": "my-request-1",
        "x-forwarded-for": "198.51.100.7",
    }

    answer = await door.client.get(f"{path}/a", headers={**headers, "connection": "x-mine, keep-alive", "x-mine": "1"})

    seen = answer.json()
    arrived = dict(seen["headers"])
    address = arrived.get("x-client-address", seen["client"])
    assert answer.status_code == 200
    assert {name: arrived.get(name) for name in mine} == mine
    assert address == "198.51.100.7"  # which the server of the gateway takes from a proxy that it trusts
    assert arrived["x-request-id"] == answer.headers["x-request-id"] == "my-request-1"
    assert arrived["traceparent"] == TRACE.removesuffix("01") + "00"  # the gateway decides which traces are recorded
    expected = {"x-service-name": "door", "x-key-id": "k1"} if path == SEALED else {}
    forged = {
        name: arrived[name] for name in FORGED.keys() - {"x-client-address", "x-encrypted-data"} if name in arrived
    }
    assert forged == expected
    assert "x-mine" not in arrived
    assert "203.0.113.9" not in str(seen)


@pytest.mark.parametrize("path", [SEALED, PLAIN])
async def test_path_and_query_pass_byte_for_byte(door: Door, path: str) -> None:
    """Escapes, dots, empty and repeated parameters are not rewritten."""
    target = f"{path}/a%2Fb/%7E/..;x=1/%2e%2e/./c"

    answer = await send(str(door.client.base_url).rstrip("/"), Wire("GET", f"{target}?t=a&t=b&&e&p=a+b%20c%C3%A4", ()))

    assert (door.seen[-1]["path"], door.seen[-1]["query"]) == (target, "t=a&t=b&&e&p=a+b%20c%C3%A4")
    assert answer.status == 200


async def test_any_path_is_answered_by_the_service_or_refused(door: Door) -> None:
    """However a path is spelled, the seal fits it: there is no 5xx, and the breaker stays closed."""
    loop = asyncio.get_running_loop()

    @settings(max_examples=times(60), deadline=None, database=None)
    @given(
        rest=st.text(st.characters(min_codepoint=0x21, max_codepoint=0xFF), max_size=8),
        before=st.sampled_from([f"{SEALED}/", f"{PLAIN}/", f"{THINGS}/", "/"]),
    )
    def ask(rest: str, before: str) -> None:
        status = asyncio.run_coroutine_threadsafe(status_of(door, "GET", f"{before}{rest}"), loop).result()
        assert status in {200, 307, 308, 400, 404}

    await asyncio.to_thread(ask)
    assert application_of(door.app).dispatcher.targets() == {"tiny": "closed"}


SPELLINGS = [
    *(CLOSED[0], f"{CLOSED[0]}/", f"{CLOSED[0]}//", f"{CLOSED[0]}?a=b", f"{THINGS}/cl%6Fsed", f"{THINGS}/%63losed/"),
    *(f"{THINGS}/./closed", f"{THINGS}/x/../closed", f"{THINGS}//closed", f"//{THINGS}/closed", f"{THINGS}/;/closed"),
    *(f"{THINGS}/a/inside", f"{THINGS}/a/inside/", f"{THINGS}/a%2Finside", f"{THINGS}/closed%2F"),
    *(f"http://door{CLOSED[0]}", "/events", "/events/", "/api/v1"),
]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "OPTIONS", "PROPFIND"])
async def test_what_is_between_services_is_not_found_by_any_spelling(door: Door, method: str) -> None:
    """Neither its path nor another spelling of it is forwarded, or redirected, or has methods."""
    before = len(door.seen)

    assert {path: await status_of(door, method, path) for path in SPELLINGS} == dict.fromkeys(SPELLINGS, 404)
    assert door.seen[before:] == []


async def status_of(door: Door, method: str, target: str) -> int:
    """Send a request without rewriting its target, and return the status."""
    url = door.client.base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    with closing(writer):
        writer.write(Wire(method, target, ()).encode())
        return int((await reader.readuntil(b"\r\n\r\n")).split()[1])


async def test_another_spelling_of_letters_is_another_thing(door: Door) -> None:
    """Paths distinguish cases: this one is a thing, and never the closed route."""
    answer = await door.client.get(f"{THINGS}/CLOSED")

    assert answer.json()["path"] == f"{THINGS}/CLOSED"


@pytest.mark.parametrize("body", [b"\xff", b'{"a":"\x01"}', b"\x00"])
async def test_what_is_no_text_is_refused(door: Door, body: bytes) -> None:
    """A message has text inside; a control character would make it six times as long."""
    answer = await door.client.post(SEALED, content=body, headers=TEXT)

    assert answer.status_code == 400
    assert answer.json()["code"] in {"not_text", "bad_request"}


async def test_a_body_with_too_many_values_is_refused(door: Door) -> None:
    """A service limits the values of plain bodies, and trusts what is sealed."""
    most = await door.client.post(SEALED, content=b"[" + b"1," * 2000 + b"1]", headers=TEXT)
    over = await door.client.post(SEALED, content=b"[" + b"1," * 2001 + b"1]", headers=TEXT)

    assert (most.status_code, over.status_code, over.json()["code"]) == (200, 422, "too_many_values")


async def test_the_largest_body_fits_into_a_message(door: Door) -> None:
    """However it is escaped, the service accepts it; a longer one is a 413 here, and not a failure of the service."""
    most = application_of(door.app).settings.max_body_bytes // 4
    key, token = "k" * 255, "t" * 6000
    headers = {**TEXT, "authorization": token, "idempotency-key": key}

    fits = await door.client.post(SEALED, content=b'"' * most, headers=headers)
    over = await door.client.post(SEALED, content=b'"' * (most + 1), headers=headers)
    plain = await door.client.post(PLAIN, content=b'"' * (most * 4), headers=TEXT)

    assert (fits.status_code, over.status_code, plain.status_code) == (200, 413, 200)
    assert door.seen[-2]["body"] == '"' * most


async def test_a_read_that_fits_into_no_header_is_a_414(door: Door) -> None:
    """The query of a sealed read is in a header, whose length is limited; that is no failure of the service."""
    for _ in range(FEWEST_CALLS):
        answer = await door.client.get(f"{SEALED}/a?q={'q' * 5000}", headers={"authorization": f"Bearer {'t' * 1000}"})

    assert (answer.status_code, answer.json()["code"]) == (414, "uri_too_long")
    assert application_of(door.app).dispatcher.targets() == {"tiny": "closed"}


async def test_a_repeated_header_is_refused(door: Door) -> None:
    """A sealed message has each header once; which one would be meant?"""
    twice = httpx.Headers([("if-match", '"1"'), ("if-match", '"2"')])

    answer = await door.client.post(SEALED, json={}, headers=twice)

    assert (answer.status_code, answer.json()["code"]) == (400, "repeated_header")
    assert "If-Match" in answer.json()["detail"]


async def test_a_key_without_an_owner_is_refused(door: Door) -> None:
    """The seal is the gateway's: without a login, the key would belong to all people."""
    answer = await door.client.post(f"{THINGS}/keyed", json={}, headers={"idempotency-key": "k"})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_idempotency_key")


async def test_an_unzipped_body_passes_where_the_service_takes_it(door: Door) -> None:
    """The gateway unpacks it, within the cap; elsewhere it is a 415, as at the service."""
    headers = {**TEXT, "content-encoding": "gzip"}

    taken = await door.client.post(PLAIN, content=gzip.compress(b'{"a":1}'), headers=headers)
    refused = await door.client.post(SEALED, content=gzip.compress(b'{"a":1}'), headers=headers)

    assert (taken.json()["body"], refused.status_code) == ('{"a":1}', 415)
    assert "content-encoding" not in dict(taken.json()["headers"])


async def test_a_short_deadline_of_one_person_closes_the_door_to_no_other(door: Door) -> None:
    """Who gives a service no time does not make the gateway take it for broken."""
    for _ in range(2 * FEWEST_CALLS):
        await door.client.get(f"{SEALED}/a", headers={"x-request-timeout-ms": "1"})

    assert application_of(door.app).dispatcher.targets() == {"tiny": "closed"}


async def test_a_forwarded_request_is_counted_by_the_template_of_its_route(door: Door) -> None:
    """The label is not the path, of which there is no end."""
    await door.client.get(f"{THINGS}/0197a6b2")

    metrics = (await door.client.get("/metrics")).text
    assert f'route="{THINGS}/{{thing_id}}"' in metrics
    assert "0197a6b2" not in metrics


def test_a_route_for_people_beside_one_for_services_is_found() -> None:
    """A path that it names itself, and another method at the same path; the route for services is not."""
    beside = [("GET", f"{THINGS}/all/inside"), ("POST", f"{THINGS}/{{thing_id}}/inside"), ("POST", CLOSED[0])]
    paths = [opened(path, sealed=True, method=method) for method, path in beside]
    routes = front_door(Table(open=[*paths, opened(f"{THINGS}/{{thing_id}}", sealed=True)], closed=CLOSED), 1024).routes

    def found(method: str, path: str) -> list[str]:
        scope = {"type": "http", "method": method, "path": path}
        return [route.path for route in routes if route.matches(scope)[0] is Match.FULL]

    assert [found(*one) for one in beside] == [[path] for _, path in beside]
    assert [found("GET", path) for path in (CLOSED[0], f"{THINGS}/x/inside")] == [[], []]


async def test_a_long_user_agent_is_cut(door: Door) -> None:
    """A sealed read has room for a short one."""
    answer = await door.client.get(f"{SEALED}/a", headers={"user-agent": "b" * 9000})

    assert dict(answer.json()["headers"])["user-agent"] == "b" * 256
