"""
JSON of batches, in which an invalid item does not affect the others.

A batch that is strict JSON is parsed as such, at full speed. In any other batch, brackets, quotes and commas separate
the items, and each is parsed separately (docs/decisions/0021-batches-item-by-item.md).
"""

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from analytics.ingestion.schemas import MOST_COMMAS
from chassis.core import json as strict_json

MOST_BRACKETS = 50_000
MOST_MEMBERS = 100
"""A body with more brackets, or with more members beside its items, is not split: that would take too long."""

Read = Callable[[bytes], Any]
"""Parses JSON; raises InvalidJson."""

# Possessive (++, *+): no backtracking, so every body takes at most linear time.
_TEXT = r'"(?:[^"\\]++|\\.)*+"?'
_BRACKET = re.compile(rf'(?:[^"\[\]{{}}]++|{_TEXT})*+[\[\]{{}}]', re.DOTALL)
"""Up to the next bracket or brace outside of a text."""
_SIGN = re.compile(rf'(?:[^"\[\]{{}},]++|{_TEXT})*+[\[\]{{}},]', re.DOTALL)
"""The same, or the next comma."""
_OBJECT = re.compile(r"\s*\{")
_ARRAY = re.compile(r"\s*\[")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """
    An item that is not valid JSON.

    Attributes:
        reason: The error and its position.
    """

    reason: str


async def read_batch(body: bytes, name: str | None, most: int, read: Read = strict_json.loads) -> Any:  # noqa: ANN401
    """
    Read a batch; if it is not strict JSON, item by item, and some may be ``Unreadable``.

    Args:
        name: The member that holds the items; None if they are the whole body.
        most: The largest number of items.
        read: Parses the parts of a batch that is not strict JSON.

    Raises:
        InvalidJson: The items cannot be separated, or the rest of the body is not valid.
    """
    strict_json.refuse_many_values(body, MOST_COMMAS)
    try:
        return strict_json.loads(body)
    except strict_json.InvalidJson:
        batch = await asyncio.to_thread(_read_apart, body, name, most, read)
        if batch is None:
            raise
        return batch


def _read_apart(body: bytes, name: str | None, most: int, read: Read) -> Any:  # noqa: ANN401
    if body.count(b"[") + body.count(b"{") > MOST_BRACKETS:
        return None
    text = body.decode(errors="surrogateescape")
    start = _start_of_items(text, name)
    if start is None:
        return None
    spans = list(islice(_elements(text, start), most + 1))
    if len(spans) > most:
        raise strict_json.InvalidJson(f"more than {most} items, and one of them is not JSON")
    around = read(_bytes(text[:start] + text[spans[-1][1] :]))
    texts = [text[begin:end] for begin, end in spans]
    items = [_item(one, read) for one in texts] if any(map(str.strip, texts)) else []
    if name is None:
        return items
    if around[name]:
        raise strict_json.InvalidJson(f'"{name}" occurs twice')
    return {**around, name: items}


def _item(text: str, read: Read) -> Any:  # noqa: ANN401
    try:
        return read(_bytes(text))
    except strict_json.InvalidJson as error:
        return Unreadable(str(error))


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _start_of_items(text: str, name: str | None) -> int | None:
    """Return the position behind the bracket that opens the array of items; None if there is no such array."""
    opening = (_OBJECT if name else _ARRAY).match(text)
    if not opening or name is None:
        return opening and opening.end()
    at, wanted = opening.end(), re.compile(rf'\s*"{name}"\s*:\s*\[')
    for _ in range(MOST_MEMBERS):
        if found := wanted.match(text, at):
            return found.end()
        at = _end_of_element(text, at) + 1
        if text[at - 1] != ",":
            break
    return None


def _elements(text: str, at: int) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each element of the array or object whose content begins at *at*."""
    while True:
        end = _end_of_element(text, at)
        yield at, end
        if text[end] != ",":
            return
        at = end + 1


def _end_of_element(text: str, at: int) -> int:
    """Return the position of the comma or bracket behind the element that begins at *at*."""
    while sign := _SIGN.match(text, at):
        at = sign.end()
        if text[at - 1] not in "[{":
            return at - 1
        at = _end_of_brackets(text, at - 1)
    raise strict_json.InvalidJson("a bracket or a quote is never closed")


def _end_of_brackets(text: str, at: int) -> int:
    """Return the position behind the bracket that closes the one at *at*."""
    depth = 0
    while bracket := _BRACKET.match(text, at):
        at = bracket.end()
        depth += 1 if text[at - 1] in "[{" else -1
        if not depth:
            return at
    raise strict_json.InvalidJson("a bracket or a quote is never closed")
