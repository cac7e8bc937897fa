"""The secrets of a development stack: generated once, stored in one private file."""

import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from chassis.sealing.keys import generate_key, variable_name
from cli.dev.files import write_private
from cli.services import STORED, Service


def password_names(service: Service) -> Mapping[str, str]:
    """Return the names under which the passwords of the service's database are stored, with the role that has each."""
    names = {f"{service.name.upper()}_DATABASE_PASSWORD": service.database}
    if service.owner != service.database:
        names[f"{service.name.upper()}_OWNER_PASSWORD"] = service.owner
    return names


def ensure_secrets(path: Path, links: Iterable[tuple[str, str]]) -> dict[str, str]:
    """
    Read the secrets in file *path*, and add missing ones.

    Args:
        path: The file, readable by its owner only.
        links: Every direction that needs a key, as names of sender and receiver.

    Returns:
        Secrets by name: the name of their environment variable, except for passwords of databases.
    """
    kept = json.loads(path.read_text()) if path.exists() else {}
    complete = {name: kept.get(name) or make() for name, make in _wanted(links).items()}
    if complete != kept:
        write_private(path, json.dumps(complete, indent=2))
    return complete


def forget_secrets(path: Path, service: Service) -> None:
    """Remove the secrets of one service from file *path*, if it is there: its passwords, and the keys of its links."""
    kept = json.loads(path.read_text()) if path.exists() else {}
    name = service.name.upper()
    left = {
        key: value
        for key, value in kept.items()
        if key not in password_names(service) and not (key.startswith("LINK_KEY__") and name in key.split("__"))
    }
    if left != kept:
        write_private(path, json.dumps(left, indent=2))


def _wanted(links: Iterable[tuple[str, str]]) -> dict[str, Callable[[], str]]:
    """Return the required secrets, and how to generate each."""
    return {
        "CURSOR_KEY": make_password,
        "JWT_PRIVATE_KEY": make_signing_key,
        **{name: make_password for service in STORED for name in password_names(service)},
        **{variable_name(sender, receiver): _make_link_key for sender, receiver in links},
    }


def make_password() -> str:
    """Return 24 random bytes in base64url."""
    return secrets.token_urlsafe(24)


def _make_link_key() -> str:
    return f"k1:{generate_key()}"


def make_signing_key() -> str:
    """Generate an EC P-256 key as PKCS8 PEM, for ES256."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
