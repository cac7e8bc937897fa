import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from chassis.core.problems import PROBLEM_JSON
from gateway.graphql.documents import document_id
from gateway.graphql.media_types import GRAPHQL, JSON
from gateway.graphql.requests import MAX_BODY
from tests.gateway.graphql.tiny_graphql import Mutation, codes, serve_graphql

TRUSTED = "query Me($deep: Boolean = false) { me { id parts @include(if: $deep) { id } } }\n"
ID = document_id(TRUSTED)
IN_JSON = {"Content-Type": JSON}


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service that executes any document, and asks for GraphQL's own media type."""
    async with serve_graphql(TRUSTED) as tiny:
        tiny.client.headers["Accept"] = GRAPHQL
        yield tiny.client


async def post(client: httpx.AsyncClient, query: object, **members: object) -> httpx.Response:
    """Send a request."""
    return await client.post("/graphql", json={"query": query, **members})


@pytest.mark.parametrize(
    ("accept", "media_type"), [(GRAPHQL, GRAPHQL), (JSON, JSON), ("*/*", JSON), ("application/*;q=0.1", JSON)]
)
async def test_a_result_has_the_media_type_that_is_asked_for(
    client: httpx.AsyncClient, accept: str, media_type: str
) -> None:
    """The answer is 200, in UTF-8, with data and price."""
    answer = await client.post("/graphql", json={"query": "{me{id}}"}, headers={"Accept": accept})

    assert (answer.status_code, answer.headers["content-type"]) == (200, f"{media_type}; charset=utf-8")
    assert answer.json() == {"data": {"me": {"id": "me"}}, "extensions": {"cost": 1}}


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
async def test_data_with_errors_is_294(client: httpx.AsyncClient, accept: str) -> None:
    """What one field lacks leaves the rest in place; an error names its field and its code."""
    answer = await client.post("/graphql", json={"query": "{me{id broken}}"}, headers={"Accept": accept})

    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (294, accept)
    assert answer.json()["data"] == {"me": {"id": "me", "broken": None}}
    assert answer.json()["errors"][0]["path"] == ["me", "broken"]


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
@pytest.mark.parametrize(
    ("members", "status", "code"),
    [
        ({"query": "{"}, 400, "document_not_parsed"),
        ({"query": "type A { b: Int }"}, 422, "document_not_valid"),
        ({"query": ""}, 400, "document_not_parsed"),
        ({"query": "{unknown}"}, 422, "document_not_valid"),
        ({"query": "query A{me{id}} query B{me{id}}"}, 422, "unknown_operation"),
        ({"query": "query A{me{id}}", "operationName": "B"}, 422, "unknown_operation"),
        ({"query": "query A{me{id}}", "operationName": ""}, 422, "unknown_operation"),
        ({"query": "query($v:Int!){things(first:$v){id}}"}, 422, "invalid_variables"),
        ({"query": "query($v:Int!){things(first:$v){id}}", "variables": {"v": "1"}}, 422, "invalid_variables"),
        ({"query": "query($v:Int!){things(first:$v){id}}", "variables": {"v": 2**31}}, 422, "invalid_variables"),
        ({"query": "query($v:Float!){half(value:$v)}", "variables": {"v": True}}, 422, "invalid_variables"),
        ({"query": "{things(first:1001){id}}"}, 422, "too_expensive"),
        (
            {"query": "{me{x:parts{x:parts{x:parts{x:parts{x:parts{x:parts{x:parts{x:parts{id}}}}}}}}}}"},
            422,
            "too_deep",
        ),
        ({"documentId": "sha256:0"}, 404, "unknown_document"),
        ({"documentId": ID.removeprefix("sha256:")}, 404, "unknown_document"),
    ],
)
async def test_a_request_that_is_not_executed_has_errors_without_data(
    client: httpx.AsyncClient, members: dict[str, Any], status: int, code: str, accept: str
) -> None:
    """Its media type is GraphQL's own for every client: application/json is for what succeeded."""
    answer = await client.post("/graphql", json=members, headers={"Accept": accept})

    assert (answer.status_code, answer.headers["content-type"]) == (status, f"{GRAPHQL}; charset=utf-8")
    assert (set(answer.json()), codes(answer.json()["errors"])[0]) == ({"errors"}, code)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "not_json"),
        (b'{"query": ', 400, "not_json"),
        (b'{"query": "{me{id}}", "query": "{me{name}}"}', 400, "not_json"),
        (b'{"query": "{me{id}}", "variables": {"a": NaN}}', 400, "not_json"),
        (b'{"query": "{me{id}}", "variables": {"a": "\\u0000"}}', 400, "not_json"),
        (b'{"query": "{me{id}}", "variables": {"a": "\\ud800"}}', 400, "not_json"),
        (b'{"query": "\xff"}', 400, "not_json"),
        (b'{"query": "{me{id}}", "variables": {"a": ' + b"[" * 1000 + b"]" * 1000 + b"}}", 400, "not_json"),
        (b'{"query": "{me{id}}", "variables": {"a": [' + b"1," * 3000 + b"1]}}", 400, "not_json"),
        (b'[{"query": "{me{id}}"}]', 422, "not_a_graphql_request"),
        (b'"{me{id}}"', 422, "not_a_graphql_request"),
        (b"{}", 422, "not_a_graphql_request"),
        (b'{"qeury": "{me{id}}"}', 422, "not_a_graphql_request"),
        (b'{"query": 1}', 422, "not_a_graphql_request"),
        (b'{"query": null}', 422, "not_a_graphql_request"),
        (b'{"query": "{me{id}}", "variables": [1]}', 422, "not_a_graphql_request"),
        (b'{"query": "{me{id}}", "operationName": 1}', 422, "not_a_graphql_request"),
        (b'{"query": "{me{id}}", "extensions": "x"}', 422, "not_a_graphql_request"),
        (b'{"query": "{me{id}}", "documentId": "sha256:0"}', 422, "not_a_graphql_request"),
        (b'{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0"}}}', 422, "not_a_graphql_request"),
        (b'{"query": "' + b"#" * MAX_BODY + b'"}', 413, "payload_too_large"),
        (b'{"query": "{me{id' + b"@a" * 100_000 + b'}}"}', 413, "payload_too_large"),
        (b'{"query": "{me{id}}", "variables": {"a": "' + b"x" * 1_000_000 + b'"}}', 413, "payload_too_large"),
    ],
)
async def test_what_is_not_a_graphql_request_is_a_problem(
    client: httpx.AsyncClient, body: bytes, status: int, code: str
) -> None:
    """Unparsable JSON is a 400, and JSON that is not one request a 422; both say what to send."""
    answer = await client.post("/graphql", content=body, headers=IN_JSON)

    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM_JSON)
    assert answer.json()["code"] == code


async def test_members_without_a_meaning_are_ignored(client: httpx.AsyncClient) -> None:
    """Null stands for no value, and what is not known is for later versions of the specification."""
    members = {"operationName": None, "variables": None, "extensions": None, "documentId": None, "later": [1]}

    assert (await post(client, "{me{id}}", **members)).status_code == 200


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/graphql", None],
)
async def test_what_a_form_of_another_site_could_send_is_refused(
    client: httpx.AsyncClient, content_type: str | None
) -> None:
    """Only JSON is read, which a browser sends to another site after a preflight alone; nothing is changed."""
    before = Mutation.changes
    headers = {"Content-Type": content_type} if content_type else {}

    answer = await client.post("/graphql", content=b'{"query": "mutation{change}"}', headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert Mutation.changes == before


async def test_a_mutation_is_sent_by_post(client: httpx.AsyncClient) -> None:
    """A GET is refused before anything is changed, and the answer has Allow."""
    before = Mutation.changes

    refused = await client.get("/graphql", params={"query": "query A{me{id}} mutation B{change}", "operationName": "B"})
    assert (refused.status_code, refused.headers["allow"], Mutation.changes) == (405, "POST", before)

    done = await post(client, "mutation{change}")
    assert (done.json()["data"], Mutation.changes) == ({"change": before + 1}, before + 1)


async def test_a_client_that_accepts_nothing_we_have_changes_nothing(client: httpx.AsyncClient) -> None:
    """A 406 comes before execution."""
    before = Mutation.changes

    answer = await client.post("/graphql", json={"query": "mutation{change}"}, headers={"Accept": "text/html"})

    assert (answer.status_code, answer.headers["content-type"], Mutation.changes) == (406, PROBLEM_JSON, before)


async def test_other_methods_are_refused(client: httpx.AsyncClient) -> None:
    """The answer names the methods that there are."""
    answer = await client.put("/graphql", json={"query": "{me{id}}"})

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")


async def test_an_idempotency_key_is_an_argument(client: httpx.AsyncClient) -> None:
    """A header would promise what a mutation does not keep."""
    headers = {"Idempotency-Key": "7f6b3a1e-5b0e-4c1d-9f55-0d6c2a6d0001"}

    answer = await client.post("/graphql", json={"query": "{me{id}}"}, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_not_taken")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"query": "query($n:Int!){things(first:$n){id}}", "variables": '{"n":1}'}, 200),
        ({"query": "{me{id}}", "variables": "", "operationName": "", "extensions": ""}, 200),
        ({"query": "{me{id}}", "variables": "{"}, 400),
        ({"query": "{me{id}}", "variables": "[1]"}, 422),
        ({"query": "{me{id}}", "variables": "1"}, 422),
        ({"query": ["{me{id}}", "{me{name}}"]}, 422),
        ({"variables": "{}"}, 422),
        ({}, 422),
    ],
)
async def test_a_get_has_its_request_in_the_query(
    client: httpx.AsyncClient, query: dict[str, Any], status: int
) -> None:
    """Variables and extensions are JSON; an empty parameter is the same as none."""
    assert (await client.get("/graphql", params=query)).status_code == status


async def test_a_websocket_is_refused(client: httpx.AsyncClient) -> None:
    """The answer says how to subscribe."""
    headers = {"Upgrade": "websocket", "Connection": "Upgrade"}

    answer = await client.get("/graphql", params={"query": "{me{id}}"}, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "no_websocket")


async def test_a_deadline_ends_an_operation(client: httpx.AsyncClient) -> None:
    """A query that takes longer than its request allows is a 504."""
    answer = await client.post("/graphql", json={"query": "{slow}"}, headers={"X-Request-Timeout-Ms": "100"})

    assert (answer.status_code, answer.json()["code"]) == (504, "deadline_exceeded")


async def test_a_get_by_document_id_is_revalidated(client: httpx.AsyncClient) -> None:
    """The result has a weak tag, which stands for its variables, too; only the person's own browser may store it."""
    first = await client.get("/graphql", params={"documentId": ID})
    other = await client.get("/graphql", params={"documentId": ID, "variables": '{"deep":true}'})
    again = await client.get("/graphql", params={"documentId": ID}, headers={"If-None-Match": first.headers["etag"]})
    stale = await client.get("/graphql", params={"documentId": ID}, headers={"If-None-Match": other.headers["etag"]})

    assert first.headers["etag"].startswith('W/"')
    assert first.headers["etag"] != other.headers["etag"]
    assert (again.status_code, again.content, stale.status_code) == (304, b"", 200)
    for answer in (first, again):
        assert answer.headers["cache-control"] == "private, no-cache"
        assert answer.headers["vary"].startswith("Accept, Authorization")  # CORS may add Origin


async def test_other_results_are_not_stored(client: httpx.AsyncClient) -> None:
    """A POST, and a GET of any document, have no tag."""
    by_post = await client.post("/graphql", json={"documentId": ID})
    by_get = await client.get("/graphql", params={"query": "{me{id}}"})

    assert [(one.headers["cache-control"], "etag" in one.headers) for one in (by_post, by_get)] == [
        ("no-store", False)
    ] * 2


async def test_only_trusted_documents_are_executed_in_production() -> None:
    """Any other document is refused, even a valid one; its id is the hash of its text."""
    async with serve_graphql(TRUSTED, only_trusted=True, open_schema=False) as tiny:
        trusted = await tiny.client.post("/graphql", json={"documentId": ID})
        other = await post(tiny.client, TRUSTED)

    assert trusted.json()["data"] == {"me": {"id": "me"}}
    assert (other.status_code, codes(other.json()["errors"])) == (403, ["document_not_trusted"])


async def test_operations_are_counted_under_names_of_ours(client: httpx.AsyncClient) -> None:
    """The name of an operation is a label only if its document is trusted: a client may invent others."""
    await client.post("/graphql", json={"documentId": ID})
    await post(client, "query Invented {me{broken}}")
    metrics = (await client.get("/metrics")).text

    assert 'gateway_graphql_operations_total{operation="Me",outcome="ok"}' in metrics
    assert 'gateway_graphql_operations_total{operation="-",outcome="partial"}' in metrics
    assert 'gateway_graphql_errors_total{code="internal_error",operation="-"}' in metrics
    assert "Invented" not in metrics


async def test_a_document_is_read_while_others_are_served(client: httpx.AsyncClient) -> None:
    """Many bombs at once leave the service as it was."""
    bomb = "{" + "me{id} " * 5000 + "}"

    answers = await asyncio.gather(*(post(client, bomb) for _ in range(10)), post(client, "{me{id}}"))

    assert [answer.status_code for answer in answers] == [400] * 10 + [200]
