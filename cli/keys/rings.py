"""The two kinds of rotated keys, and their form in an environment file."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from chassis.auth.remote import KEYS_EVERY_S
from chassis.auth.tokens import LIFETIME_S
from chassis.sealing.envelope import CLAIM_SECONDS
from chassis.sealing.keys import generate_key, parse_ring, variable_name
from cli.dev.secrets import make_signing_key
from cli.links import links

Ring = tuple[tuple[str, str], ...]
"""Keys with their ids, the one in use first. k2 is newer than k1; an id of another form is older than both."""


class Kind(StrEnum):
    """The kinds of keys."""

    LINKS = "links"
    TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class Handling:
    """
    How one kind of key is stored and rotated.

    Attributes:
        variables: The variables with one ring each.
        parse: Parses a variable's value; raises InvalidKeys or ValueError.
        text: Formats a ring as a value.
        names: The printable names of a ring's keys.
        make_key: Generates a key.
        promote_after_s: How long after its deployment a new key may be used.
        retire_after_s: How long after its last use an old key must be kept.
    """

    variables: Callable[[], list[str]]
    parse: Callable[[str, str], Ring]
    text: Callable[[Ring], str]
    names: Callable[[Ring], list[str]]
    make_key: Callable[[], str]
    promote_after_s: int
    retire_after_s: int

    def add_key(self, ring: Ring) -> Ring:
        """Return *ring* with a new key in last place."""
        number = max(map(_number_of, ring)) + 1
        return (*ring, (f"k{number}", self.make_key()))


def is_waiting(ring: Ring) -> bool:
    """Whether the newest key is not in use yet."""
    return newest_first(ring) != ring


def newest_first(ring: Ring) -> Ring:
    """Return *ring* with its newest key in use."""
    newest = max(ring, key=_number_of)
    return (newest, *(key for key in ring if key != newest))


def _number_of(key: tuple[str, str]) -> int:
    """Return 3 for k3; 0 for an id of another form."""
    match = re.fullmatch(r"k(\d{1,9})", key[0])
    return int(match[1]) if match else 0


def _parse_pem(_variable: str, text: str) -> Ring:
    """Parse signing keys; the id of each is in the line before it, which PEM parsers ignore."""
    from user.tokens.signing_keys import load_keys, split_keys  # not in the images of other services

    load_keys(text)
    parts = [re.split(r"(?=-----BEGIN )", part, maxsplit=1) for part in split_keys(text)]
    return tuple((before.strip(), pem) for before, pem in parts)


def _thumbprints(ring: Ring) -> list[str]:
    """Return the ids under which the public halves are published."""
    from user.tokens.signing_keys import load_keys, public_jwk

    return [public_jwk(key)["kid"] for _, pem in ring for key in load_keys(pem)]


HANDLING = {
    Kind.LINKS: Handling(
        variables=lambda: [variable_name(*direction) for direction in links()],
        parse=lambda variable, text: parse_ring(variable, text).keys,
        text=lambda ring: ",".join(f"{key_id}:{key}" for key_id, key in ring),
        names=lambda ring: [key_id for key_id, _ in ring],
        make_key=generate_key,
        promote_after_s=0,
        retire_after_s=CLAIM_SECONDS,
    ),
    Kind.TOKENS: Handling(
        variables=lambda: ["JWT_PRIVATE_KEY"],
        parse=_parse_pem,
        text=lambda ring: "\n".join(f"{key_id}\n{pem}".strip() for key_id, pem in ring),
        names=_thumbprints,
        make_key=make_signing_key,
        promote_after_s=int(2 * KEYS_EVERY_S),
        retire_after_s=LIFETIME_S,
    ),
}
