import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.core.types import read_address
from chassis.sealing.fields import are_headers, is_header_value, is_request_id

URLSAFE = st.sampled_from("ABCxyz0189_-=")


@given(st.text(URLSAFE, min_size=22, max_size=64))
def test_a_request_id_of_the_protocol_is_taken(request_id: str) -> None:
    """128 bits and more in base64url, padded or not."""
    assert is_request_id(request_id)


@given(st.one_of(st.text(URLSAFE, max_size=21), st.text(URLSAFE, min_size=65, max_size=200)))
def test_another_length_is_none(request_id: str) -> None:
    """A shorter id could be guessed; the replay store cannot hold one over 64 characters."""
    assert not is_request_id(request_id)


@pytest.mark.parametrize("strange", ["\n", "\0", "\x7f", " ", "/", "+", "é", "\u0661"], ids=repr)
def test_another_alphabet_is_none(strange: str) -> None:
    """An invalid character is refused at the beginning, in the middle and at the end."""
    id_ = "a" * 22
    assert not any(map(is_request_id, (strange + id_, id_ + strange, id_ + strange + id_)))


@pytest.mark.parametrize(
    ("value", "is_taken"),
    [("", True), ("a\tb c", True), ("\xff", True), ("a" * 8192, True), ("a" * 8193, False), ("\u0100", False)]
    + [(f"a{chr(code)}", False) for code in (0, 8, 10, 13, 31, 127)],
)
def test_a_header_value_is_what_http_takes(value: str, *, is_taken: bool) -> None:
    """A value is Latin-1 without control characters, up to 8 KiB."""
    assert is_header_value(value) == is_taken
    assert are_headers({"etag": value}) == is_taken


@pytest.mark.parametrize("name", ["", "ETag", "e tag", "etag:", "etag\n", "é", "a" * 65])
def test_a_header_name_is_a_token_in_lower_case(name: str) -> None:
    """A name is lower case, up to 64 characters."""
    assert not are_headers({name: "1"})
    assert are_headers({"etag": "1", "x-a_b.c": "2", "a" * 64: "3"})


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:DB8:0::1", "2001:db8::1"),
        *((text, None) for text in ("", "nowhere", "192.0.2", "192.0.2.256", "192.0.2.07", "fe80::1%eth0", "1\n")),
    ],
)
def test_an_address_has_one_spelling(text: str, address: str | None) -> None:
    """Anything but an address, or one with a zone, is refused."""
    assert read_address(text) == address
