"""The two kinds of rotated keys, and their form in an environment file."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module

from chassis.sealing.envelope import CLAIM_SECONDS
from chassis.sealing.keys import generate_key, parse_ring, variable_name
from cli.links import links, token_issuer

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


_LINKS = Handling(
    variables=lambda: [variable_name(*direction) for direction in links()],
    parse=lambda variable, text: parse_ring(variable, text).keys,
    text=lambda ring: ",".join(f"{key_id}:{key}" for key_id, key in ring),
    names=lambda ring: [key_id for key_id, _ in ring],
    make_key=generate_key,
    promote_after_s=0,
    retire_after_s=CLAIM_SECONDS,
)


def handling_of(kind: Kind) -> Handling:
    """Return how a kind of key is handled; the service that issues tokens has those that sign them (``keys.py``)."""
    if kind is Kind.LINKS:
        return _LINKS
    handling: Handling = import_module(f"{token_issuer()}.keys").HANDLING
    return handling
