"""
Key rings of the links between services (docs/protocol.md, "Keys").

``LINK_KEY__<FROM>__<TO>="k2:<fernet key>,k1:<fernet key>"`` holds the keys of one direction: the first encrypts, all
decrypt.
"""

import base64
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

_KEY_ID = re.compile(r"[a-z0-9]{1,16}")
_KEY_BYTES = 32
_FEWEST_DISTINCT_BYTES = 12
"""32 random bytes practically never have fewer; a key typed by hand, or one from our published test vectors, does."""


class InvalidKeys(Exception):
    """A link's keys are missing or invalid; the message names the variable and quotes no key."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys of one direction of a link, newest first, each with its id."""

    keys: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Link:
    """Both directions between this service and one peer."""

    sending: KeyRing
    receiving: KeyRing


def generate_key() -> str:
    """Generate a Fernet key: 32 random bytes (16 to sign, 16 to encrypt) in base64url."""
    return base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


def variable_name(sender: str, receiver: str) -> str:
    """Return the name of the environment variable with the keys of one direction."""
    return f"LINK_KEY__{sender.upper()}__{receiver.upper()}"


def parse_ring(variable: str, text: str) -> KeyRing:
    """
    Parse one variable.

    Raises:
        InvalidKeys: It is malformed, a sample, or has an id or key twice.
    """
    pairs = [part.strip().partition(":")[::2] for part in text.split(",")]
    for key_id, key in pairs:
        if not _KEY_ID.fullmatch(key_id):
            msg = f"{variable}: a key id must be 1 to 16 characters of a-z and 0-9, as in k1:<key>"
            raise InvalidKeys(msg)
        _check_key(variable, key_id, key)
    for what, values in (("id", {key_id for key_id, _ in pairs}), ("key", {key for _, key in pairs})):
        if len(values) < len(pairs):
            msg = f"{variable}: the same {what} occurs twice"
            raise InvalidKeys(msg)
    return KeyRing(tuple(pairs))


def load_links(service: str, keys: Mapping[str, Mapping[str, str]], required: set[str]) -> dict[str, Link]:
    """
    Return the links of *service*, by the peer's name.

    Args:
        keys: Sender -> receiver -> value of the variable; names in lower case.
        required: Peers without which the service must not start.

    Raises:
        InvalidKeys: A key is missing, malformed, a sample, or used for two directions.
    """
    rings = {
        (sender, receiver): parse_ring(variable_name(sender, receiver), value)
        for sender, receivers in keys.items()
        for receiver, value in receivers.items()
        if service in {sender, receiver}
    }
    _refuse_shared_keys(rings)
    peers = {name for direction in rings for name in direction} - {service}
    return {peer: Link(_ring(rings, service, peer), _ring(rings, peer, service)) for peer in sorted(peers | required)}


def _ring(rings: Mapping[tuple[str, str], KeyRing], sender: str, receiver: str) -> KeyRing:
    ring = rings.get((sender, receiver))
    if ring is None:
        msg = f"{variable_name(sender, receiver)}: is missing; `bin/cli keys make` creates it"
        raise InvalidKeys(msg)
    return ring


def _check_key(variable: str, key_id: str, key: str) -> None:
    try:
        raw = base64.b64decode(key, altchars=b"-_", validate=True)
    except ValueError:
        raw = b""
    # Only the canonical spelling: otherwise one key in two spellings would look like two keys.
    if len(raw) != _KEY_BYTES or base64.urlsafe_b64encode(raw).decode() != key:
        msg = f"{variable}: key {key_id} is not a Fernet key (32 bytes in base64url)"
        raise InvalidKeys(msg)
    if len(set(raw)) < _FEWEST_DISTINCT_BYTES:
        msg = f"{variable}: key {key_id} is a sample; `bin/cli keys make` creates a real one"
        raise InvalidKeys(msg)


def _refuse_shared_keys(rings: Mapping[tuple[str, str], KeyRing]) -> None:
    seen: dict[str, str] = {}
    for (sender, receiver), ring in rings.items():
        variable = variable_name(sender, receiver)
        for _, key in ring.keys:
            if key in seen:
                msg = f"{variable}: repeats a key of {seen[key]}; each direction needs its own"
                raise InvalidKeys(msg)
            seen[key] = variable
