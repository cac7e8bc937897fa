from gateway.graphql.page import SchemaPage
from tests.gateway.graphql.tiny_graphql import SCHEMA, serve_graphql

IN_A_BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


async def test_a_browser_sees_the_page() -> None:
    """It runs its own script alone and calls this server alone; what is asked for in the address is answered."""
    async with serve_graphql(page=SchemaPage(SCHEMA)) as tiny:
        pages = [await tiny.client.get("/graphql", headers=IN_A_BROWSER) for _ in range(2)]
        query = await tiny.client.get("/graphql", params={"query": "{me{id}}"}, headers=IN_A_BROWSER)

    for page in pages:
        policies = page.headers.get_list("content-security-policy")
        assert (page.status_code, len(policies)) == (200, 1)
        assert "script-src 'self' 'sha256-" in policies[0]
        assert "type Thing" in page.text
        assert "http" not in page.text.replace("charset=utf-8", "")
    assert query.json()["data"] == {"me": {"id": "me"}}


async def test_there_is_no_page_in_production() -> None:
    """A browser gets the same errors as any other client."""
    async with serve_graphql() as tiny:
        answer = await tiny.client.get("/graphql", headers=IN_A_BROWSER)

    assert (answer.status_code, answer.json()["code"]) == (422, "not_a_graphql_request")
