"""Rate limits over HTTP: who is counted, and what the answers say."""

import asyncio
from collections.abc import Callable
from functools import partial
from math import ceil
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from sqlalchemy import func, select
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from chassis.application import application_of
from chassis.core.errors import ServiceUnavailable, TooManyRequests
from chassis.dispatch.call import Call
from chassis.postgres.database import Postgres
from gateway.caching.etag_store import EtagStore
from gateway.caller import Caller
from gateway.calls import LOG_IN, PUBLIC, READ_PROFILE, SHARED
from gateway.errors import CallFailed
from gateway.models import Bucket
from gateway.rate_limits.counted import count_call, count_cost
from gateway.schemas.users import Credentials
from tests.support.aliases import Bearer, MakeUser, People
from tests.support.having import having

MISSING = "/dashboard/nothing"
"""The analytics service answers 404."""
LOGIN = "/api/v1/users/login"
UNIT_S = 360
"""The seconds for one of ten units an hour."""
Limit = Callable[..., None]


async def statuses(client: httpx.AsyncClient, times: int, **headers: str) -> list[int]:
    """Make some requests in turn; returns their statuses."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return [(await client.get(MISSING, headers=named)).status_code for _ in range(times)]


async def test_two_workers_count_together(limited: Limit, workers: list[httpx.AsyncClient]) -> None:
    """Of 50 requests at once to two workers exactly as many are admitted as there are units."""
    limited(default=20)

    answers = await asyncio.gather(*(workers[number % 2].get(MISSING) for number in range(50)))

    assert sorted(one.status_code for one in answers) == [404] * 20 + [429] * 30


async def test_an_answer_says_where_the_client_stands(limited: Limit, people: People) -> None:
    """Answers of services, errors and refusals have the fields of the draft; ``t`` is the time until a unit is free."""
    limited(default=3)

    answers = [await people["gateway"].get(path) for path in ("/.well-known/jwks.json", MISSING, MISSING, MISSING)]

    assert [one.status_code for one in answers] == [200, 404, 404, 429]
    assert {one.headers["ratelimit-policy"] for one in answers} == {'"default";q=3;w=3600'}
    assert [one.headers["ratelimit"].partition(";t=")[0] for one in answers] == [
        *('"default";r=2', '"default";r=1', '"default";r=0', '"default";r=0')
    ]
    assert all(0 < int(one.headers["ratelimit"].partition(";t=")[2]) <= 1200 for one in answers)


async def test_a_refusal_is_a_problem_with_the_time_to_wait(limited: Limit, people: People) -> None:
    """429 ``too_many_requests``; ``Retry-After`` is the time of ``RateLimit``, and the detail has it too."""
    limited(default=10)

    *_, refused = [await people["gateway"].get(MISSING) for _ in range(11)]

    wait_s = int(refused.headers["retry-after"])
    assert UNIT_S - 60 < wait_s <= UNIT_S
    assert refused.headers["content-type"] == "application/problem+json"
    assert (refused.json()["code"], refused.json()["status"]) == ("too_many_requests", 429)
    assert refused.json()["detail"] == f"Too many requests; try again in {wait_s} s."
    assert refused.headers["ratelimit"] == f'"default";r=0;t={wait_s}'


async def test_people_behind_one_address_have_units_of_their_own(
    limited: Limit, people: People, make_user: MakeUser, bearer: Bearer
) -> None:
    """One person's requests use neither another's units, nor those of the address; also with a new token."""
    limited(default=2)
    ada, bob = await make_user("ada"), await make_user("bob")

    assert await statuses(people["gateway"], 2, **bearer(ada)) == [404, 404]
    assert await statuses(people["gateway"], 1, **bearer(ada)) == [429]
    assert await statuses(people["gateway"], 1, **bearer(bob)) == [404]
    assert await statuses(people["gateway"], 3) == [404, 404, 429]


async def test_an_invalid_token_has_no_units(limited: Limit, people: People) -> None:
    """Invented tokens are counted by the address, however many there are."""
    limited(default=2)

    tokens = [f"Bearer e30.e30.{number}" for number in range(3)]

    assert [(await statuses(people["gateway"], 1, Authorization=token))[0] for token in tokens] == [404, 404, 429]


async def test_without_keys_people_are_counted_by_address(
    limited: Limit, apps: dict[str, FastAPI], people: People, bearer: Bearer
) -> None:
    """While the user service's keys are not available, a request with a token is counted, too."""
    limited(default=1)

    class NoKeys:
        async def verify(self, _token: str) -> None:
            raise ServiceUnavailable

    with having(apps["gateway"], tokens=NoKeys()):
        assert [(await statuses(people["gateway"], 1, **bearer()))[0] for _ in range(2)] == [404, 429]


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("203.0.113.9", "203.0.113.9", True),
        ("203.0.113.9", "203.0.113.10", False),
        ("203.0.113.9", "::ffff:203.0.113.9", True),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1, 203.0.113.9", "192.0.2.2, 203.0.113.9", True),
        ("203.0.113.9", "192.0.2.2, 203.0.113.9", True),
    ],
)
async def test_the_address_is_that_of_the_client(
    limited: Limit, people: People, one: str, other: str, *, is_same: bool
) -> None:
    """A trusted proxy adds it at the end, after what the client has invented; of IPv6 the /64 counts."""
    limited(default=1)

    seen = [(await statuses(people["gateway"], 1, X_Forwarded_For=address))[0] for address in (one, other)]

    assert seen == [404, 429 if is_same else 404]


async def test_a_stranger_cannot_name_an_address(apps: dict[str, FastAPI], limited: Limit) -> None:
    """Without a trusted proxy before it, the gateway counts by the address of the connection."""
    limited(default=1)
    app: Any = apps["gateway"]
    served: Any = ProxyHeadersMiddleware(app, trusted_hosts="192.0.2.1")
    transport = httpx.ASGITransport(served, client=("192.0.2.7", 4711))
    async with httpx.AsyncClient(base_url="http://gateway", transport=transport) as client:
        seen = [(await statuses(client, 1, X_Forwarded_For=f"203.0.113.{number}"))[0] for number in range(2)]

    assert seen == [404, 429]


async def test_each_class_has_units_of_its_own(limited: Limit, people: People) -> None:
    """Routes of a class are counted together, and apart from all others."""
    limited(default=5, login=1)
    logins = [await people["gateway"].post(path, json={}) for path in (LOGIN, "/api/v1/users/password")]

    assert [one.status_code for one in logins] == [422, 429]
    assert logins[1].headers["ratelimit-policy"] == '"login";q=1;w=3600'
    assert (await people["gateway"].get(MISSING)).headers["ratelimit"].startswith('"default";r=4;')


async def test_what_is_not_limited_is_not_counted(limited: Limit, people: People, database: Postgres) -> None:
    """A class without a rate has no fields and no row; nor have probes."""
    limited(login=1)

    answers = [await people["gateway"].get(path) for path in (MISSING, "/livez")]

    assert not any("ratelimit" in one.headers for one in answers)
    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Bucket)) == 0


@pytest.mark.parametrize(("cost", "units"), [(0, 0), (1, 0), (100, 0), (101, 1), (1000, 9)])
async def test_a_query_costs_what_its_request_has_not_paid(
    limited: Limit, apps: dict[str, FastAPI], cost: int, units: int
) -> None:
    """A hundred of a query's cost is a unit; the first one is that of the request."""
    limited(default=10)
    scope: dict[str, Any] = {"type": "http", "app": apps["gateway"], "headers": [], "client": ("203.0.113.9", 1)}

    await count_cost(Request(scope), cost)
    left = 10 - units
    for _ in range(left):
        await count_cost(Request(scope), 200)

    with pytest.raises(TooManyRequests):
        await count_cost(Request(scope), 200)


async def test_a_login_by_other_ways_is_a_login(limited: Limit, apps: dict[str, FastAPI], people: People) -> None:
    """A call of the gateway's own to a route of a class is counted as a request to it is; other calls are not."""
    limited(login=2)
    scope: dict[str, Any] = {"type": "http", "app": apps["gateway"], "headers": [], "client": ("127.0.0.1", 1)}
    dispatcher, count = application_of(apps["gateway"]).dispatcher, partial(count_call, Request(scope))
    caller = Caller(dispatcher, "", "127.0.0.1", EtagStore(PUBLIC | SHARED), count)
    wrong = Credentials(username="ada", password="wrong password")
    first = await people["gateway"].post(LOGIN, json={"username": "ada", "password": "wrong password"})

    async def fail(call: Call[Any, Any], body: object = None, **path: object) -> tuple[int, str]:
        with pytest.raises(CallFailed) as failed:
            await caller.call(call, body, path=path)
        return failed.value.failure.status, failed.value.failure.service

    by_call = [await fail(LOG_IN, wrong) for _ in range(2)]

    assert first.status_code == 401
    assert by_call == [(401, "user"), (429, "gateway")]
    assert await fail(READ_PROFILE) == (401, "user")


# --- about product ---
async def test_a_query_is_counted_by_its_cost(limited: Limit, people: People) -> None:
    """The request costs a unit before it is read, and the query the rest of its cost before it is executed."""
    limited(default=6)
    document = "{ products(first: %d) { edges { node { id name price stock } } } }"

    answers = [await people["gateway"].post("/graphql", json={"query": document % first}) for first in (1, 100, 100)]

    costs = [one.json()["extensions"]["cost"] for one in answers[:2]]
    left = [int(one.headers["ratelimit"].partition(";r=")[2].partition(";")[0]) for one in answers]
    assert costs[0] < 100 < costs[1]
    assert left == [5, 5 - ceil(costs[1] / 100), 5 - ceil(costs[1] / 100) - 1]
    assert (answers[2].status_code, answers[2].json()["code"]) == (429, "too_many_requests")


# --- end about product ---
