import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.core import json as strict_json
from chassis.core.json import InvalidJson
from tests.support.often import times

DEEPEST = 200


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b" ",
        b"{",
        b"{} {}",
        b"[1,]",
        b'{"a":1,}',
        b"{a:1}",
        b"'a'",
        b"01",
        b"1.",
        b".5",
        b"+1",
        b"0x10",
        b"True",
        b"// no\n1",
        b'"\t"',
        b'"\\x41"',
        b"\xef\xbb\xbf{}",
    ],
)
def test_what_is_not_json_is_refused(text: bytes) -> None:
    """Only JSON by RFC 8259 is accepted: no comments, no trailing commas, no byte order mark."""
    with pytest.raises(InvalidJson):
        strict_json.loads(text)


@pytest.mark.parametrize("text", [b'"\xff"', b'"\xc3"', b'"\xc0\x80"', b'"\xed\xa0\x80"', b'{"\xff":1}'])
def test_bad_utf_8_is_refused(text: bytes) -> None:
    """Broken, overlong and surrogate byte sequences are refused."""
    with pytest.raises(InvalidJson):
        strict_json.loads(text)


@pytest.mark.parametrize("text", [b"[1,1,1]", b'["1,1,1,1","\\",,,,","\\\\"]', b'{"a,":[{"b":",","c":",\\\\\\","}]}'])
def test_commas_inside_texts_are_not_counted(text: bytes) -> None:
    """A long text may have any number of them; an escaped quote does not end it."""
    strict_json.loads(text, most_commas=2)


@pytest.mark.parametrize("text", [b"[1,1,1,1]", b'["\\\\",1,1,1]', b"[" + b'"",' * 1000 + b'""]'])
def test_commas_between_values_are_limited(text: bytes) -> None:
    """Parsing costs a microsecond for each value."""
    with pytest.raises(InvalidJson, match="more than 2 commas between values"):
        strict_json.loads(text, most_commas=2)


@pytest.mark.parametrize("text", [b"NaN", b"Infinity", b"-Infinity", b"nan", b'{"a":[NaN]}'])
def test_numbers_that_are_none_are_refused(text: bytes) -> None:
    """NaN and Infinity are refused."""
    with pytest.raises(InvalidJson):
        strict_json.loads(text)


@pytest.mark.parametrize("text", [b"1e99999999999999999999", b"-1e-99999999999999999999", b"1" * 5000])
def test_numbers_beyond_all_bounds_are_refused(text: bytes) -> None:
    """A number beyond every type's range is refused as invalid JSON, not with an error of the type."""
    with pytest.raises(InvalidJson):
        strict_json.loads(text)


@pytest.mark.parametrize("text", [rb'"\ud800"', rb'"\udc00"', rb'"\udc00\ud800"', rb'"\ud800a"', rb'{"\ud800":1}'])
def test_lone_surrogates_are_refused(text: bytes) -> None:
    """A lone surrogate is refused, since no later component can encode it."""
    with pytest.raises(InvalidJson):
        strict_json.loads(text)


@pytest.mark.parametrize("text", [rb'"\u0000"', rb'{"a":["b\u0000"]}', rb'{"\u0000":1}', rb'"\\\u0000"', b'"\x00"'])
def test_nul_is_refused(text: bytes) -> None:
    """A NUL character is refused at any place in the document, since no database stores it."""
    with pytest.raises(InvalidJson):
        strict_json.loads(text)


@pytest.mark.parametrize(("text", "value"), [(rb'"\\u0000"', r"\u0000"), (rb'"\\\\u0000"', r"\\u0000")])
def test_an_escaped_backslash_is_no_nul(text: bytes, value: str) -> None:
    r"""An escaped backslash followed by the letters u0000 is ordinary text."""
    assert strict_json.loads(text) == value


@pytest.mark.parametrize(
    "text", [b'{"a":1,"a":2}', b'{"a":1,"b":2,"a":1}', b'[{"x":{"a":1,"a":1}}]', rb'{"a":1,"\u0061":2}']
)
def test_repeated_keys_are_refused(text: bytes) -> None:
    """A repeated key is refused, also spelt with escapes: two readers could use different values."""
    with pytest.raises(InvalidJson):
        strict_json.loads(text)


@pytest.mark.parametrize("pair", [(b"[", b"]"), (b'{"a":', b"}")], ids=["lists", "objects"])
def test_deep_nesting_is_refused(pair: tuple[bytes, bytes]) -> None:
    """200 levels are accepted; deeper nesting is refused."""
    opening, closing = pair

    assert strict_json.loads(opening * DEEPEST + b"1" + closing * DEEPEST)
    for depth in (DEEPEST + 2, 100_000):
        with pytest.raises(InvalidJson):
            strict_json.loads(opening * depth + b"1" + closing * depth)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_decimals_are_kept_exactly(number: Decimal) -> None:
    """Each digit and the exponent of a number survive, even where a double would round."""
    read = strict_json.loads(str(number).encode())

    assert read == number
    assert isinstance(read, int) or read.as_tuple() == number.as_tuple()


@pytest.mark.parametrize(
    "text", [b"0.1", b"1e2", b"199.99", b"-0.0", b"1e999", b"0.1000000000000000055511151231257827"]
)
def test_no_number_becomes_a_float(text: bytes) -> None:
    """A number with a fraction or an exponent is a Decimal."""
    assert type(strict_json.loads(text)) is Decimal


@settings(max_examples=times(40), deadline=None)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63)
        | st.text(st.characters(exclude_characters="\0", codec="utf-8")),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_characters="\0", codec="utf-8")), inner)
        ),
        max_leaves=10,
    )
)
def test_what_is_written_is_read(value: object) -> None:
    """Reading restores what our writer or the standard library has written."""
    assert strict_json.loads(strict_json.dumps(value)) == value
    assert strict_json.loads(json.dumps(value).encode()) == value


def test_times_and_ids_are_written_as_text() -> None:
    """A time is written as RFC 3339, an id in its usual text form."""
    written = strict_json.dumps([datetime(2026, 11, 21, 14, 30, tzinfo=UTC), UUID(int=7)])

    assert written == b'["2026-11-21T14:30:00Z","00000000-0000-0000-0000-000000000007"]'


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes"])
def test_what_json_has_no_form_for_is_refused(value: object) -> None:
    """A value without a JSON form is refused, never guessed."""
    with pytest.raises(TypeError):
        strict_json.dumps(value)
