"""
The HTTP binding of CloudEvents 1.0: the forms in which a request carries events, and attributes in headers.

The SDK (cloudevents 2.2) parses JSON leniently, and no batches: it is for senders, and the tests use it as one.
"""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from urllib.parse import unquote

_PREFIX = "ce-"
_JSON = re.compile(r"application/([a-z0-9.-]+\+)?json")
_ESCAPED = re.compile(r"\\(.)")


class Form(StrEnum):
    """How a request carries events."""

    PLAIN = "application/json"
    """Our own JSON."""
    STRUCTURED = "application/cloudevents+json"
    BATCH = "application/cloudevents-batch+json"
    BINARY = "binary"
    """Attributes in headers ``ce-…``, JSON in the body; the SDK for Python may send no Content-Type."""


def form_of(headers: Mapping[str, str]) -> Form | None:
    """Return the form from the headers; None if it is none of these."""
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type in {Form.STRUCTURED, Form.BATCH}:
        return Form(media_type)
    if f"{_PREFIX}specversion" in headers:
        return Form.BINARY if not media_type or _JSON.fullmatch(media_type) else None
    return Form.PLAIN if media_type == Form.PLAIN else None


def attributes(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """
    Read the attributes of an event in binary form.

    Args:
        headers: Names in lower case, and values.

    Raises:
        ValueError: A header occurs twice, or is not percent-encoded UTF-8.
    """
    found: dict[str, str] = {}
    for name, value in headers:
        attribute = name.removeprefix(_PREFIX)
        if attribute == name:
            continue
        if attribute in found or not value.isascii():
            raise ValueError(f"the header {name} occurs twice, or is not percent-encoded")
        found[attribute] = unquote(_unquoted(value), errors="strict")
    return found


def _unquoted(value: str) -> str:
    is_quoted = len(value) > 1 and value[0] == value[-1] == '"'
    return _ESCAPED.sub(r"\1", value[1:-1]) if is_quoted else value
