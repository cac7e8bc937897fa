"""Names and addresses of accounts: how they are stored, and found again by whatever spelling is typed."""

from pydantic.networks import validate_email
from pydantic_core import PydanticCustomError

from user.models import User
from user.names.normalise import name_key
from user.names.usernames import folded_look_of, look_of


def identifier_key(typed: str) -> str:
    """
    Give the key of what somebody typed for a name, for an address, or for how one of them begins.

    An address is read as at the registration: spaces around it, and a domain in punycode, are its spelling alone.
    """
    typed = typed.strip()
    return name_key(_canonical_address(typed) if "@" in typed else typed)


def set_username(user: User, username: str) -> None:
    """Give an account a name."""
    user.username, user.username_key = username, name_key(username)
    user.username_look, user.username_folded_look = look_of(username), folded_look_of(username)


def set_email(user: User, email: str) -> None:
    """Give an account an address."""
    user.email, user.email_key = email, identifier_key(email)


def _canonical_address(typed: str) -> str:
    try:
        return validate_email(typed)[1]
    except PydanticCustomError:  # the beginning of an address, or none at all
        local, _, domain = typed.rpartition("@")
        return f"{local}@{'.'.join(map(_readable, domain.split('.')))}"


def _readable(label: str) -> str:
    """Decode a label of a domain that is in punycode."""
    if not label.lower().startswith("xn--"):
        return label
    try:
        decoded = label[4:].encode().decode("punycode")
    except UnicodeError:
        return label
    return decoded if decoded and decoded.isprintable() else label
