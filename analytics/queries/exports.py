"""Formats of exported events, line by line."""

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from io import StringIO
from typing import Literal

from chassis.core import json as strict_json
from chassis.mongodb.database import Document

FormatName = Literal["ndjson", "csv"]
COLUMNS = ("id", "type", "source", "subject", "user_id", "anonymous_id", "occurred_at", "received_at", "data")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Characters that a spreadsheet interprets as the beginning of a formula."""


@dataclass(frozen=True, slots=True)
class Format:
    """
    A format of events.

    Attributes:
        head: The beginning of the file.
        write: Formats some events.
    """

    media_type: str
    head: bytes
    write: Callable[[Iterable[Document]], bytes]


def _event(document: Document) -> Document:
    """Return the exported fields of an event."""
    return {name: document.get("_id" if name == "id" else name) for name in COLUMNS}


def _as_ndjson(documents: Iterable[Document]) -> bytes:
    return b"".join(strict_json.dumps(_event(document)) + b"\n" for document in documents)


def _as_csv(documents: Iterable[Document]) -> bytes:
    return _rows(map(_cell, _event(document).values()) for document in documents)


def _rows(rows: Iterable[Iterable[str]]) -> bytes:
    text = StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _cell(value: object) -> str:
    """Return the text of a cell so that no spreadsheet interprets it as a formula."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else strict_json.dumps(value).decode().strip('"')
    return f"'{text}" if text.startswith(_FORMULA) else text


FORMATS: Mapping[FormatName, Format] = {
    "ndjson": Format("application/x-ndjson", b"", _as_ndjson),
    "csv": Format("text/csv; charset=utf-8", _rows([COLUMNS]), _as_csv),
}
