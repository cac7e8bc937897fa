import base64
from itertools import pairwise
from threading import Thread

import pytest
from cryptography.fernet import Fernet
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.sealing.fernet import InvalidToken, LinkFernet
from tests.support.often import times

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
"""Always the same: with one key in 256, a random block ends like padding."""
OURS, THEIRS = LinkFernet(KEY), Fernet(KEY)
MESSAGES = st.lists(st.binary(max_size=100), min_size=1, max_size=10)


def raw(token: bytes) -> bytearray:
    """Return the bytes of a token."""
    return bytearray(base64.urlsafe_b64decode(token))


def signed(data: bytes) -> bytes:
    """Return a token of any content, with a valid signature."""
    ours = LinkFernet(KEY)
    return base64.urlsafe_b64encode(data + ours._contexts.sign(data))  # noqa: SLF001 - no peer signs such


@settings(max_examples=times(100), deadline=None)
@given(messages=MESSAGES)
def test_a_token_is_fernets(messages: list[bytes]) -> None:
    """The library opens our tokens and we open the library's, whatever came before in the same ciphers."""
    for message in messages:
        assert THEIRS.decrypt(OURS.encrypt(message)) == message
        assert OURS.decrypt(THEIRS.encrypt(message)) == message
        assert len(OURS.encrypt(message)) == len(THEIRS.encrypt(message))


@settings(max_examples=times(100), deadline=None)
@given(data=st.data(), message=st.binary(max_size=50))
def test_a_changed_token_is_refused(data: st.DataObject, message: bytes) -> None:
    """A token with any byte changed, or cut anywhere, is refused; the next valid one is opened all the same."""
    token = raw(OURS.encrypt(message))
    place = data.draw(st.integers(0, len(token) - 1))
    changed = token[:]
    changed[place] ^= data.draw(st.integers(1, 255))

    for bad in (changed, token[:place], token + b"\0" * (place + 1)):
        with pytest.raises(InvalidToken):
            OURS.decrypt(base64.urlsafe_b64encode(bad))
        assert OURS.decrypt(THEIRS.encrypt(message)) == message


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x80" + bytes(8 + 16), id="no block"),
        pytest.param(b"\x80" + bytes(8 + 16 + 17), id="a part of a block"),
        pytest.param(b"\x81" + bytes(8 + 16 + 16), id="another version"),
        pytest.param(b"\x80" + bytes(8 + 16 + 16), id="no padding"),
    ],
)
def test_a_signed_token_of_another_form_is_refused(content: bytes) -> None:
    """The library refuses it, too; the next valid token is opened."""
    for one in (OURS, THEIRS):
        with pytest.raises(InvalidToken):
            one.decrypt(signed(content))

    assert OURS.decrypt(THEIRS.encrypt(b"valid")) == b"valid"


@pytest.mark.parametrize("token", [b"", b"A", b"gAAAA", b"\xff" * 100])
def test_no_base64_is_refused(token: bytes) -> None:
    """It is an invalid token and no other error."""
    with pytest.raises(InvalidToken):
        OURS.decrypt(token)


def test_each_token_has_its_own_vector() -> None:
    """One message twice has no block in common: the initialization vector is random, and does not repeat the last."""
    tokens = [raw(OURS.encrypt(b"the same message, over and over"))[9:-32] for _ in range(200)]
    blocks = [bytes(token[at : at + 16]) for token in tokens for at in range(0, len(token), 16)]

    assert len(set(blocks)) == len(blocks)
    assert all(before[-16:] != after[:16] for before, after in pairwise(tokens))


def test_threads_do_not_share_ciphers() -> None:
    """Tokens that four threads make and open at the same time are right."""
    wrong: list[bytes] = []

    def exchange(message: bytes) -> None:
        for _ in range(50):
            token = OURS.encrypt(message)
            if (THEIRS.decrypt(token), OURS.decrypt(token)) != (message, message):
                wrong.append(token)

    threads = [Thread(target=exchange, args=(bytes([number]) * 100_000,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not wrong
