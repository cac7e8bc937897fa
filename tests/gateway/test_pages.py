"""Pages through the gateway."""

import pytest
from fastapi import FastAPI

from tests.content.access import make_things
from tests.gateway.comparing import Asked, assert_same
from tests.support.access import THING
from tests.support.aliases import Bearer, MakeUser, People

PAGE = f"/api/v1/pages/{THING}"
REQUESTS: dict[str, Asked] = {
    "a page with its ETag": ("GET", PAGE, {}),
    "by its slug": ("GET", "/api/v1/pages/by-slug/about-us", {}),
    "its head": ("HEAD", PAGE, {}),
    "not modified": ("GET", PAGE, {"headers": {"if-none-match": "*"}}),
    "a list": ("GET", "/api/v1/pages?tag=x&sort=title", {}),
    "a list for editors": ("GET", "/api/v1/pages?status=DRAFT", {}),
    "a precondition that does not hold": ("PATCH", PAGE, {"json": {"title": "We"}, "headers": {"if-match": '"0"'}}),
    "nothing there": ("GET", f"{PAGE}9", {}),
}


@pytest.mark.parametrize("role", ["editor", "user", None])
@pytest.mark.parametrize("what", REQUESTS)
async def test_an_answer_is_the_same_as_at_the_service(
    apps: dict[str, FastAPI], people: People, bearer: Bearer, make_user: MakeUser, what: str, role: str | None
) -> None:
    """To each kind of reader: validators, what caches may do, and problems."""
    person = await make_user("eve", role or "user")
    await make_things(apps, person.id)

    await assert_same(people, "content", REQUESTS[what], bearer(person) if role else {})


async def test_an_edit_through_the_gateway_is_conditional(
    apps: dict[str, FastAPI], people: People, bearer: Bearer, make_user: MakeUser
) -> None:
    """The ETag of the service is taken by the gateway; after a change it does not hold."""
    editor = await make_user("eve", "editor")
    await make_things(apps, editor.id)
    etag = (await people["content"].get(PAGE)).headers["etag"]
    headers = {**bearer(editor), "if-match": etag}

    changed = await people["gateway"].patch(PAGE, json={"title": "We"}, headers=headers)
    late = await people["gateway"].patch(PAGE, json={"title": "They"}, headers=headers)
    read = await people["content"].get(PAGE)

    assert (changed.status_code, late.status_code, late.json()["code"]) == (200, 412, "precondition_failed")
    assert (read.json()["title"], read.headers["etag"]) == ("We", changed.headers["etag"])
    assert changed.headers["etag"] != etag
