"""The two kinds of keys that are rotated, and how their rings stand in an environment file."""

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
    """Which keys."""

    LINKS = "links"
    TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class Handling:
    """
    How one kind of key is kept and rotated.

    Attributes:
        variables: Those that hold a ring each.
        parse: Reads a variable's value; InvalidKeys or ValueError if it is not one.
        text: Writes it.
        names: What may be shown of a ring's keys.
        deploy_to: Who must have the new value after each step.
        promote_after_s: How long a new key must have been there before it is used.
        retire_after_s: How long the old one must be there after it was used last.
    """

    variables: Callable[[], list[str]]
    parse: Callable[[str, str], Ring]
    text: Callable[[Ring], str]
    names: Callable[[Ring], list[str]]
    make_key: Callable[[], str]
    deploy_to: str
    promote_after_s: int
    retire_after_s: int


def number_of(key: tuple[str, str]) -> int:
    """Give 3 for k3; 0 for an id of another form."""
    match = re.fullmatch(r"k(\d{1,9})", key[0])
    return int(match[1]) if match else 0


def _parse_pem(_variable: str, text: str) -> Ring:
    """Read signing keys; the id of each stands in the line before it, which readers of PEM pass over."""
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
        deploy_to="every service",
        promote_after_s=0,
        retire_after_s=CLAIM_SECONDS,
    ),
    Kind.TOKENS: Handling(
        variables=lambda: ["JWT_PRIVATE_KEY"],
        parse=_parse_pem,
        text=lambda ring: "\n".join(f"{key_id}\n{pem}".strip() for key_id, pem in ring),
        names=_thumbprints,
        make_key=make_signing_key,
        deploy_to="the user service",
        promote_after_s=int(2 * KEYS_EVERY_S),
        retire_after_s=LIFETIME_S,
    ),
}
