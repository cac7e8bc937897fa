import pytest

from gateway.graphql.media_types import EVENTS, GRAPHQL, JSON, choose, is_json

OFFERED = (JSON, GRAPHQL, EVENTS)


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, {JSON}", GRAPHQL),
        (f"{JSON}, {GRAPHQL}", JSON),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{JSON};q=0.1, {GRAPHQL};q=0.2", GRAPHQL),
        (f"{GRAPHQL};q=0, */*", JSON),
        (f"*/*, {JSON};q=0", GRAPHQL),
        (f"{GRAPHQL};charset=utf-8", GRAPHQL),
        (f"{GRAPHQL.upper()} ; Q=0.5", GRAPHQL),
        (EVENTS, EVENTS),
        ("text/*;q=0.5", EVENTS),
        ("text/html", None),
        (f"{JSON};q=0", None),
        (f"{JSON};q=nonsense, {EVENTS}", EVENTS),
    ],
)
def test_the_media_type_is_what_the_client_wants_most(accept: str, chosen: str | None) -> None:
    """Qualities count, then the more specific range, then the order of the header."""
    assert choose(accept, OFFERED) == chosen


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/json", True),
        ("Application/JSON; charset=UTF-8", True),
        ('application/json;charset="utf-8"', True),
        ("application/json; charset=latin-1", False),
        ("application/graphql", False),
        ("text/plain", False),
        ("application/x-www-form-urlencoded", False),
        ("multipart/form-data; boundary=x", False),
        ("", False),
    ],
)
def test_only_json_in_utf_8_is_read(content_type: str, expected: bool) -> None:  # noqa: FBT001 - a table
    """The media types that a form of another site could send are not JSON."""
    assert is_json(content_type) is expected
