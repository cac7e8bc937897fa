import string
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
import pytest
from fastapi import Response
from hypothesis import given
from hypothesis import strategies as st

from chassis.sealing.access import public
from chassis.web.etag import IfMatch, InvalidETag, PreconditionFailed, Tagging, Tags, parse_tags, set_etag
from chassis.web.routing import service_router
from tests.chassis.tiny import serve_tiny

THING = "/api/v1/things"
OPAQUE = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0xFF).filter(
        lambda one: one not in '"\x7f' and not "\x7f" < one < "\x80"
    )
)
ELEMENTS = st.lists(st.tuples(st.booleans(), OPAQUE), max_size=5)
SPACE = st.text(" \t", max_size=3)
router = service_router("things")


@router.get("", access=public(), response_model=str)
async def read_thing(tagger: Tagging) -> str | Response:
    """Read the thing, which has one version."""
    return tagger.answer("thing", "1")


@router.put("", access=public())
async def write_thing(if_match: IfMatch, response: Response) -> str:
    """Write the thing, and create its second version."""
    if if_match and not if_match.any and "1" not in if_match.strong:
        raise PreconditionFailed
    set_etag(response, "2")
    return "thing"


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service with one thing."""
    async with serve_tiny(router) as tiny:
        yield tiny.client


@given(ELEMENTS, SPACE, st.integers(0, 3))
def test_lists_are_taken_apart(elements: list[tuple[bool, str]], space: str, empty: int) -> None:
    """Every tag of a list is parsed, whatever its characters, with spaces around it and empty elements in between."""
    written = [f'{"W/" if weak else ""}"{tag}"' for weak, tag in elements]

    tags = parse_tags(f"{space},{space}".join(written + [""] * empty).strip(" \t"))

    assert tags.strong == {tag for weak, tag in elements if not weak}
    assert tags.weak == {tag for weak, tag in elements if weak}
    assert not tags.any


@pytest.mark.parametrize(
    "value",
    [
        "1",
        '"1',
        '1"',
        '"1" "2"',
        '"1""2"',
        '"1";"2"',
        'w/"1"',
        "W/1",
        '"a b"',
        '*, "1"',
        "**",
        '"1", *',
        '"\x7f"',
        "'1'",
    ],
)
def test_what_is_no_list_of_tags_is_refused(value: str) -> None:
    """A list is refused if a tag is unquoted, unclosed, unseparated, beside a star, or has an illegal character."""
    with pytest.raises(InvalidETag):
        parse_tags(value)


@given(st.text(string.printable, max_size=50))
def test_nonsense_is_refused_or_read(value: str) -> None:
    """No text raises any other error."""
    with suppress(InvalidETag):
        assert isinstance(parse_tags(value), Tags)


def test_a_long_list_is_read_in_no_time() -> None:
    """A long list with an error at its end is refused in linear time."""
    with pytest.raises(InvalidETag):
        parse_tags('"1" , ' * 20_000 + "x")


@pytest.mark.parametrize("known", ['"1"', 'W/"1"', "*", '"0", "1"', '"0",,"1"'])
async def test_what_the_reader_has_is_not_sent_again(client: httpx.AsyncClient, known: str) -> None:
    """If-None-Match compares weakly; the 304 carries the tag and no body."""
    answer = await client.get(THING, headers={"If-None-Match": known})

    assert (answer.status_code, answer.headers["etag"], answer.content) == (304, '"1"', b"")
    assert "content-type" not in answer.headers


@pytest.mark.parametrize("known", ['"0"', 'W/"2"', "", '"1-"'])
async def test_what_the_reader_does_not_have_is_sent(client: httpx.AsyncClient, known: str) -> None:
    """With another tag the whole answer is sent."""
    answer = await client.get(THING, headers={"If-None-Match": known})

    assert (answer.status_code, answer.headers["etag"], answer.json()) == (200, '"1"', "thing")


@pytest.mark.parametrize(
    ("wanted", "status"),
    [(None, 200), ("*", 200), ('"1"', 200), ('"0", "1"', 200), ('"0"', 412), ('W/"1"', 412), ("", 412)],
)
async def test_a_write_may_be_conditional(client: httpx.AsyncClient, wanted: str | None, status: int) -> None:
    """If-Match compares strongly; without it every write succeeds."""
    answer = await client.put(THING, headers={} if wanted is None else {"If-Match": wanted})

    assert answer.status_code == status
    assert (answer.headers if status == 200 else answer.json()).get("etag", "none") == (
        '"2"' if status == 200 else "none"
    )


async def test_a_header_may_be_split(client: httpx.AsyncClient) -> None:
    """Several header lines form one list."""
    answer = await client.put(THING, headers=[("If-Match", '"0"'), ("If-Match", '"1"')])

    assert answer.status_code == 200


@pytest.mark.parametrize(("method", "header"), [("GET", "If-None-Match"), ("PUT", "If-Match")])
async def test_a_malformed_header_is_a_problem(client: httpx.AsyncClient, method: str, header: str) -> None:
    """A malformed header is a 400 that shows how tags are written."""
    answer = await client.request(method, THING, headers={header: "1"})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_etag")
