"""Addresses of MongoDB."""

import re
from typing import Any
from urllib.parse import unquote

from pydantic import SecretStr
from pymongo import MongoClient
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

_FORM = "must look like mongodb://user:password@host:27017/database?replicaSet=rs0"
_SRV = "mongodb+srv://"
_ONE_NAME = re.compile(r"mongodb\+srv://([^@]*@)?[^,:/@]+/")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def checked(url: SecretStr) -> SecretStr:
    """
    Refuse an address that the driver cannot use, or of which it would ignore a part with a warning.

    Raises:
        ValueError: The address is wrong; the message names at most a parameter, and contains nothing else of it.
    """
    address = url.get_secret_value().strip()
    if address.startswith(_SRV) and not _ONE_NAME.match(address):
        raise ValueError("must name one host and no port after mongodb+srv://")
    # The client looks up the members in the DNS; everything else is checked without it.
    plain = address.replace(_SRV, "mongodb://", 1) if address.startswith(_SRV) else address
    base, _, query = plain.partition("?")
    if not _names_database(base) or _CONTROL.search(unquote(plain)):
        raise ValueError(_FORM)
    for part in filter(None, re.split("[&;]", query)):
        _check(base, part)
    _try(plain)
    return SecretStr(address)


def _names_database(base: str) -> bool:
    try:
        parsed = parse_uri(base, warn=False)
    except (PyMongoError, ValueError):
        return False
    return bool(parsed["database"]) and not parsed["collection"] and all(port for _, port in parsed["nodelist"])


def _check(base: str, part: str) -> None:
    """Check one parameter; the driver would only warn about an unknown one."""
    name, _, value = part.partition("=")
    refusal = (
        f"the parameter {name if re.fullmatch('[A-Za-z]{1,40}', name) else '?'} is not valid: correct or remove it"
    )
    try:
        parse_uri(f"{base}?{part}", warn=False)
    except (PyMongoError, ValueError, OSError):
        raise ValueError(refusal) from None
    if name.lower() == "readpreference" and value != "primary":  # transactions read only there
        raise ValueError(refusal)


def _try(plain: str) -> None:
    """Create a client as the service will, without connecting."""
    try:
        MongoClient[dict[str, Any]](plain, connect=False).close()
    except (PyMongoError, ValueError, OSError) as error:
        raise ValueError(f"the parameters do not work together ({type(error).__name__})") from None
