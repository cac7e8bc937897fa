import base64
import hashlib

import pytest

from chassis.sealing.keys import InvalidKeys, Link, generate_key, load_links, parse_ring

VARIABLE = "LINK_KEY__ORDER__PRODUCT"
# Not generated: pytest-xdist wants the same parameters in each worker.
ONE, TWO, THREE, FOUR = (
    base64.urlsafe_b64encode(hashlib.sha256(seed).digest()).decode() for seed in (b"1", b"2", b"3", b"4")
)
SAMPLES = [bytes(32), b"\x01" * 32, b"change-me-change-me-change-me-ch", bytes(range(4)) * 8]


def same_bytes_spelt_otherwise(key: str) -> str:
    """Return the key with another last character; base64 ignores two of its bits."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return f"{key[:-2]}{alphabet[alphabet.index(key[-2]) + 1]}="


def test_order_is_kept() -> None:
    """The first key encrypts, so a ring keeps the order of its text."""
    ring = parse_ring(VARIABLE, f"k2:{TWO}, k1:{ONE},old:{THREE}")

    assert ring.keys == (("k2", TWO), ("k1", ONE), ("old", THREE))


@pytest.mark.parametrize(
    "text",
    [
        "",
        ONE,
        f":{ONE}",
        f"K1:{ONE}",
        f"k-1:{ONE}",
        f"{'k' * 17}:{ONE}",
        f"k²:{ONE}",
        f"k1:{ONE},",
        f"k1:{ONE};k2:{TWO}",
    ],
)
def test_a_malformed_id_is_refused(text: str) -> None:
    """An id is 1 to 16 of a-z and 0-9; the message names the variable and quotes no key."""
    with pytest.raises(InvalidKeys, match=VARIABLE) as refused:
        parse_ring(VARIABLE, text)

    assert ONE not in str(refused.value)


@pytest.mark.parametrize(
    "key",
    ["", "x", ONE[:-1], ONE[:-4], f"{ONE}A", f" {ONE}", f"{ONE[:20]}\n{ONE[20:]}", f"é{ONE[1:]}", f"{ONE}:{TWO}"],
)
def test_a_malformed_key_is_refused(key: str) -> None:
    """A key is exactly 32 bytes in base64url; the message names variable and key id and quotes no key."""
    with pytest.raises(InvalidKeys, match=f"{VARIABLE}: key k1 is not a Fernet key") as refused:
        parse_ring(VARIABLE, f"k1:{key}")

    assert not key or key not in str(refused.value)


@pytest.mark.parametrize("raw", SAMPLES)
def test_a_sample_key_is_refused(raw: bytes) -> None:
    """A sample key, which was not drawn at random, is refused."""
    sample = base64.urlsafe_b64encode(raw).decode()

    with pytest.raises(InvalidKeys, match=f"{VARIABLE}: key k1 is a sample") as refused:
        parse_ring(VARIABLE, f"k1:{sample}")

    assert sample not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (f"k1:{ONE},k1:{TWO}", "id"),
        (f"k1:{ONE},k2:{ONE}", "key"),
        (f"k1:{ONE},k2:{TWO},k3:{ONE}", "key"),
    ],
)
def test_a_ring_repeats_nothing(text: str, what: str) -> None:
    """The same id or the same key twice in one ring is refused."""
    with pytest.raises(InvalidKeys, match=f"{VARIABLE}: the same {what} occurs twice"):
        parse_ring(VARIABLE, text)


@pytest.mark.parametrize("back", [f"k1:{ONE}", f"k1:{TWO},k2:{ONE}"])
def test_a_key_serves_one_direction(back: str) -> None:
    """One key for two directions is refused, and both variables are named."""
    keys = {"order": {"product": f"k1:{ONE}"}, "product": {"order": back}}

    with pytest.raises(InvalidKeys, match="LINK_KEY__PRODUCT__ORDER") as refused:
        load_links("order", keys, set())

    assert VARIABLE in str(refused.value)
    assert ONE not in str(refused.value)


@pytest.mark.parametrize(
    ("keys", "required", "missing"),
    [
        ({}, {"product"}, VARIABLE),
        ({"order": {"product": f"k1:{ONE}"}}, {"product"}, "LINK_KEY__PRODUCT__ORDER"),
        ({"order": {"product": f"k1:{ONE}"}}, set(), "LINK_KEY__PRODUCT__ORDER"),
        ({"product": {"order": f"k1:{ONE}"}}, set(), VARIABLE),
    ],
)
def test_a_missing_direction_is_named(keys: dict[str, dict[str, str]], required: set[str], missing: str) -> None:
    """A link with one direction missing, or both where one is required, is refused with the missing variable's name."""
    with pytest.raises(InvalidKeys, match=f"^{missing}: is missing"):
        load_links("order", keys, required)


def test_generated_keys_are_accepted_and_different() -> None:
    """The keys that the command line generates are accepted."""
    keys = {generate_key() for _ in range(50)}

    assert len(keys) == 50
    assert len(parse_ring(VARIABLE, ",".join(f"k{number}:{key}" for number, key in enumerate(keys))).keys) == 50


def test_links_of_others_are_left_alone() -> None:
    """A service loads only its own links, each with its two directions assigned correctly."""
    keys = {
        "order": {"product": f"k1:{ONE}"},
        "product": {"order": f"k1:{TWO}"},
        "user": {"product": f"k1:{THREE}", "analytics": "none of our business"},
    }
    keys["product"]["user"] = f"k1:{FOUR}"

    links = load_links("product", keys, {"order"})

    assert links == {
        "order": Link(sending=parse_ring(VARIABLE, f"k1:{TWO}"), receiving=parse_ring(VARIABLE, f"k1:{ONE}")),
        "user": Link(sending=parse_ring(VARIABLE, f"k1:{FOUR}"), receiving=parse_ring(VARIABLE, f"k1:{THREE}")),
    }


def test_a_key_has_one_spelling() -> None:
    """Another base64 spelling of a key is refused, so one key cannot pass for two."""
    with pytest.raises(InvalidKeys, match="not a Fernet key"):
        parse_ring(VARIABLE, f"k1:{ONE},k2:{same_bytes_spelt_otherwise(ONE)}")
