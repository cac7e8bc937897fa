from typing import Any

import pytest
from prometheus_client import REGISTRY

from chassis.core.types import new_id
from gateway.calls import LIST_PAGES, LIST_USERS
from gateway.graphql.documents import read_folder
from tests.gateway.asking import Asking
from tests.support.aliases import Bearer, MakeUser, People
from user.models import User

PAGES = "/api/v1/pages"
BY_NAME = (
    "query ($text: ID!) { page(id: $text) { id } }",
    "query ($text: String!) { pageBySlug(slug: $text) { id } }",
)
READ = """query ($id: ID!, $slug: String!) {
    page(id: $id) { title body metadata } pageBySlug(slug: $slug) { id } pages { edges { node { title } } } }"""


@pytest.fixture
async def eve(make_user: MakeUser) -> User:
    """A person with the role editor."""
    return await make_user("eve", role="editor")


@pytest.fixture
def editor(eve: User, bearer: Bearer) -> dict[str, str]:
    """The headers of an editor."""
    return bearer(eve)


async def write(people: People, editor: dict[str, str], slug: str, **fields: object) -> Any:  # noqa: ANN401 - JSON
    """Create a page by REST, published unless stated otherwise; returns the answer."""
    page = {"slug": slug, "title": slug.title(), "status": "PUBLISHED", **fields}
    answer = await people["content"].post(PAGES, json=page, headers=editor)
    assert answer.status_code == 201, answer.text
    return answer.json()


def slugs(data: Any, alias: str = "pages") -> list[str]:  # noqa: ANN401 - of an answer
    """Return the slugs of a list."""
    return [edge["node"]["slug"] for edge in data[alias]["edges"]]


def stored_reads() -> dict[str, float]:
    """Return the numbers of reads of stored answers, by outcome."""
    outcomes = ("new", "unchanged", "changed")
    return {one: REGISTRY.get_sample_value("etag_store_reads_total", {"outcome": one}) or 0.0 for one in outcomes}


async def test_a_page_is_as_by_rest(ask: Asking, people: People, editor: dict[str, str], eve: User) -> None:
    """By its id and by its slug; another page stays out of it."""
    await write(people, editor, "bystander")
    metadata = {"layout": "wide", "ratio": 1.5, "parts": [{"n": 1}]}
    page_id = (await write(people, editor, "about-us", body="# About\n<b>us</b>", tags=["a"], metadata=metadata))["id"]
    fields = """{ id slug title body status tags metadata author_id: authorId section_id: sectionId
        published_at: publishedAt created_at: createdAt updated_at: updatedAt }"""

    reply = await ask(
        f'query ($id: ID!) {{ page(id: $id) {fields} pageBySlug(slug: "about-us") {fields} }}', id=page_id
    )

    rest = (await people["content"].get(f"{PAGES}/{page_id}")).json()
    assert reply.errors == []
    assert reply.data == {"page": rest, "pageBySlug": rest}
    assert (rest["metadata"], rest["author_id"]) == (metadata, str(eve.id))


async def test_pages_are_filtered_sorted_and_continued(ask: Asking, people: People, editor: dict[str, str]) -> None:
    """With the filters of REST."""
    await write(people, editor, "cups", tags=["tea"])
    await write(people, editor, "about", body="We sell teapots.")
    await write(people, editor, "later")
    await write(people, editor, "secret", status="DRAFT")
    document = """query ($eve: UUID, $after: String) {
        all: pages { ...slugs } tagged: pages(tag: "tea") { ...slugs } found: pages(search: "teapot") { ...slugs }
        sorted: pages(sort: TITLE, first: 2) { ...slugs pageInfo { endCursor } }
        drafts: pages(status: DRAFT) { ...slugs }
        hers: pages(authorId: $eve) { ...slugs } rest: pages(sort: TITLE, first: 2, after: $after) { ...slugs } }
        fragment slugs on PageSummaryConnection { edges { node { slug } } }"""
    first = (await ask(document, editor)).data

    reply = await ask(document, editor, after=first["sorted"]["pageInfo"]["endCursor"], eve=str(new_id()))

    assert reply.errors == []
    assert {alias: slugs(reply.data, alias) for alias in reply.data} == {
        "all": ["later", "about", "cups"],
        "tagged": ["cups"],
        "found": ["about"],
        "sorted": ["about", "cups"],
        "drafts": ["secret"],
        "hers": [],
        "rest": ["later"],
    }


async def test_what_an_editor_sees_is_answered_to_nobody_else(
    ask: Asking, people: People, editor: dict[str, str], bearer: Bearer
) -> None:
    """Drafts do not exist for others: neither after an editor has read them, nor once a page was withdrawn."""
    page = await write(people, editor, "about-us", status="DRAFT")
    variables = {"id": page["id"], "slug": "about-us"}
    drafts = "{ pages(status: DRAFT) { edges { node { slug } } } }"

    assert slugs((await ask(drafts, editor)).data) == ["about-us"]
    assert [(await ask(drafts, headers)).status for headers in (bearer(), None)] == [403, 403]
    for status in ("DRAFT", "PUBLISHED", "ARCHIVED"):
        changed = await people["content"].patch(f"{PAGES}/{page['id']}", json={"status": status}, headers=editor)
        assert changed.status_code == 200
        for headers in (editor, bearer(), None, editor):
            reply = await ask(READ, headers, **variables)
            is_seen = status == "PUBLISHED" or headers is editor
            assert [reply.data["page"] is not None, reply.data["pageBySlug"] is not None] == [is_seen, is_seen]
            assert [one["extensions"]["code"] for one in reply.errors] == ["page_not_found"] * (0 if is_seen else 2)
            assert len(reply.data["pages"]["edges"]) == (status == "PUBLISHED")


async def test_pages_are_sent_again_only_if_they_have_changed(
    ask: Asking, people: People, editor: dict[str, str], bearer: Bearer
) -> None:
    """To people without a token, once the service has confirmed what was stored; a change is seen at once."""
    page = await write(people, editor, "about-us")
    variables, before = {"id": page["id"], "slug": "about-us"}, stored_reads()

    first, second = [(await ask(READ, **variables)).data for _ in range(2)]
    for headers in (editor, bearer()):
        assert (await ask(READ, headers, **variables)).data == first
    await people["content"].patch(f"{PAGES}/{page['id']}", json={"title": "We"}, headers=editor)
    third = (await ask(READ, **variables)).data

    assert first == second
    assert (third["page"]["title"], third["pages"]["edges"]) == ("We", [{"node": {"title": "We"}}])
    assert {one: number - before[one] for one, number in stored_reads().items()} == {
        "new": 3,
        "unchanged": 3,
        "changed": 3,
    }


async def test_a_list_and_its_authors_are_two_calls(
    ask: Asking, people: People, editor: dict[str, str], root: dict[str, str], make_user: MakeUser, bearer: Bearer
) -> None:
    """For an admin; an editor sees the own account, and others have the error of the user service."""
    max_ = bearer(await make_user("max", role="editor"))
    for number in range(6):
        await write(people, max_ if number % 2 else editor, f"page-{number}")
    document = "{ pages { edges { node { author { name } } } } }"

    admins = await ask(document, root)
    calls = list(ask.dispatcher.calls)
    editors, nobodys = await ask(document, editor), await ask(document)

    names = [edge["node"]["author"]["name"] for edge in admins.data["pages"]["edges"]]
    assert (names, calls) == (["max", "eve"] * 3, [LIST_PAGES, LIST_USERS])
    assert [edge["node"]["author"] for edge in editors.data["pages"]["edges"]] == [None, {"name": "eve"}] * 3
    assert {one["extensions"]["status"] for one in editors.errors} == {403}
    assert {one["extensions"]["status"] for one in nobodys.errors} == {401}


@pytest.mark.parametrize("text", ["", ".", "..", "a/b", "/", "../products", "by-slug/x", "x" * 501])
async def test_a_name_that_would_be_another_address_is_refused(ask: Asking, text: str) -> None:
    """Before any call: an answer of no route counts as a failure of the service."""
    for document in BY_NAME:
        reply = await ask(document, text=text)

        assert (reply.status, reply.code) == (422, "invalid_request")
    assert ask.dispatcher.calls == []


@pytest.mark.parametrize("text", ["..%2fproducts", "x?status=DRAFT", "a b#c", "日本", "%00"])
async def test_a_name_that_no_page_has_is_not_found(ask: Asking, text: str) -> None:
    """However it is written, it is no other route's address."""
    assert [(await ask(document, text=text)).status for document in BY_NAME] == [404, 404]


@pytest.mark.parametrize("name", ["page.graphql", "pages.graphql"])
async def test_the_trusted_documents_read_pages(ask: Asking, people: People, editor: dict[str, str], name: str) -> None:
    """A page has its text, and a list its pages."""
    await write(people, editor, "about-us", body="Text.")

    reply = await ask(read_folder()[name], slug="about-us")

    assert reply.errors == []
    found = reply.data.get("pageBySlug") or reply.data["pages"]["edges"][0]["node"]
    assert (found["slug"], found.get("body", "Text.")) == ("about-us", "Text.")
