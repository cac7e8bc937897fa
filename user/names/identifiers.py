"""Names and addresses of accounts: their stored form, which is found by every spelling."""

from pydantic.networks import validate_email
from pydantic_core import PydanticCustomError

from user.models import User
from user.names.normalise import name_key
from user.names.usernames import folded_look_of, look_of


def identifier_key(typed: str) -> str:
    """
    Return the key of a typed name or address, or of the beginning of one.

    An address is read as at registration: surrounding spaces and a domain in punycode make no difference.
    """
    typed = typed.strip()
    return name_key(_canonical_address(typed) if "@" in typed else typed)


def set_username(user: User, username: str) -> None:
    """Set the name of an account."""
    user.username, user.username_key = username, name_key(username)
    user.username_look, user.username_folded_look = look_of(username), folded_look_of(username)


def set_email(user: User, email: str) -> None:
    """Set the address of an account."""
    user.email, user.email_key = email, identifier_key(email)


def _canonical_address(typed: str) -> str:
    try:
        return validate_email(typed)[1]
    except PydanticCustomError:  # the beginning of an address, or not an address
        local, _, domain = typed.rpartition("@")
        return f"{local}@{'.'.join(map(_readable, domain.split('.')))}"


def _readable(label: str) -> str:
    """Decode a domain label from punycode."""
    if not label.lower().startswith("xn--"):
        return label
    try:
        decoded = label[4:].encode().decode("punycode")
    except UnicodeError:
        return label
    return decoded if decoded and decoded.isprintable() else label
