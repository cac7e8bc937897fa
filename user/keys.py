"""How `bin/cli keys` stores and rotates JWT_PRIVATE_KEY."""

import re

from chassis.auth.remote import KEYS_EVERY_S
from chassis.auth.tokens import LIFETIME_S
from cli.dev.secrets import make_signing_key
from cli.keys.rings import Handling, Ring
from user.tokens.signing_keys import load_keys, public_jwk, split_keys


def _parse(_variable: str, text: str) -> Ring:
    """Parse signing keys; the id of each is in the line before it, which PEM parsers ignore."""
    load_keys(text)
    parts = [re.split(r"(?=-----BEGIN )", part, maxsplit=1) for part in split_keys(text)]
    return tuple((before.strip(), pem) for before, pem in parts)


def _thumbprints(ring: Ring) -> list[str]:
    """Return the ids under which the public halves are published."""
    return [public_jwk(key)["kid"] for _, pem in ring for key in load_keys(pem)]


HANDLING = Handling(
    variables=lambda: ["JWT_PRIVATE_KEY"],
    parse=_parse,
    text=lambda ring: "\n".join(f"{key_id}\n{pem}".strip() for key_id, pem in ring),
    names=_thumbprints,
    make_key=make_signing_key,
    promote_after_s=int(2 * KEYS_EVERY_S),
    retire_after_s=LIFETIME_S,
)
