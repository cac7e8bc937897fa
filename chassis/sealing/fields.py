"""Allowed values of the fields of a message, besides their types (docs/protocol.md, "Request")."""

import re
from collections.abc import Mapping

LAST_MS = 2**53
"""The latest valid time: larger integers are not exact in every language."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9_=-]{22,64}")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]{1,64}")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]{0,8192}")


def is_request_id(text: str) -> bool:
    """Whether *text* may be a nonce: 128 bits take 22 characters of base64url, the replay store holds 64."""
    return _REQUEST_ID.fullmatch(text) is not None


def is_header_value(text: str) -> bool:
    """Whether *text* is a valid value of an HTTP header (RFC 9110, section 5.5) of at most 8 KiB."""
    return _VALUE.fullmatch(text) is not None


def are_headers(headers: Mapping[str, str]) -> bool:
    """Whether all names, in lower case, and values are valid in HTTP."""
    return all(_NAME.fullmatch(name) and _VALUE.fullmatch(value) for name, value in headers.items())
