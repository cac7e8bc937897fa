"""
Rendered text: whole files, and regions between two comments in files that people edit.

A mark contains a digest of the text after it. Text that does not match its digest was edited by hand, and is not
overwritten.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

_COMMENT = r"(?P<before>[ \t]*(?:#|//|<!--) )"
_BY = r"\(bin/cli render(?:, (?P<digest>[0-9a-f]{8}))?\)"
_HEADER = re.compile(rf"{_COMMENT}Rendered from (?P<source>.*) {_BY}(?: -->)?\n")
_TOLD = ": edit that instead"
_FILLED = re.compile(
    r"(?P<mark>^[^\n]*--- rendered: (?P<name>[^,\n]+), from [^\n]* \(bin/cli render), [0-9a-f]{8}"
    r"(?P<after>\) ---[^\n]*\n).*?(?P<end>^[^\n]*--- end of (?P=name) ---)",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class WholeFile:
    """A file that is rendered as a whole; its first line says so."""

    path: str
    """Relative to the project's folder, as for a region."""
    source: str
    """What to edit instead."""
    content: str


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a file between two marks, which are comments on lines of their own."""

    path: str
    name: str
    source: str
    content: str | Callable[[str], str]
    """A function returns the new text for the present one, which people may edit within its lines."""


class Refused(Exception):
    """Text cannot be rendered; the message says what to do."""


def whole(present: str | None, file: WholeFile, *, force: bool = False) -> str:
    """
    Return the new text of a file; *present* is the text that it has.

    Raises:
        Refused: It was not rendered, or edited since.
    """
    new = f"# Rendered from {file.source} (bin/cli render, {digest(file.content)}){_TOLD}\n{file.content}"
    if present is not None and present != new and not force and is_edited(present):
        raise Refused(_edited(file.path, file.source))
    return new


def is_edited(present: str) -> bool:
    """Whether the text of a whole file is not what was rendered."""
    first, _, rest = present.partition("\n")
    found = _HEADER.fullmatch(f"{first.removesuffix(_TOLD)}\n")
    return found is None or found["digest"] != digest(rest)


def replaced(present: str, region: Region, *, force: bool = False) -> str:
    """
    Return the text of a file with the region rendered anew; a mark without a digest is a new region's.

    Raises:
        Refused: The marks are missing, or the region was edited.
    """
    opening = re.compile(
        rf"^{_COMMENT}--- rendered: {region.name}, from (?P<source>.*) {_BY} ---(?P<after> -->)?\n", re.MULTILINE
    )
    openings = list(opening.finditer(present))
    if len(openings) != 1:
        raise Refused(f"{region.path}: {_marks_wanted(region, len(openings))}")
    start = openings[0]
    end = re.compile(rf"^[ \t]*(?:#|//|<!--) --- end of {region.name} ---(?: -->)?$", re.MULTILINE).search(
        present, start.end()
    )
    if not end:
        raise Refused(f"{region.path}: the region '{region.name}' has no end. Add '--- end of {region.name} ---'.")
    old = present[start.end() : end.start()]
    new = region.content if isinstance(region.content, str) else region.content(old)
    if start["digest"] and start["digest"] != digest(old) and old != new and not force:
        raise Refused(_edited(f"{region.path}, region '{region.name}'", region.source))
    kept = "" if callable(region.content) else f", {digest(new)}"
    mark = f"{start['before']}--- rendered: {region.name}, from {region.source} (bin/cli render{kept}) ---"
    return f"{present[: start.start()]}{mark}{start['after'] or ''}\n{new}{present[end.start() :]}"


def is_rendered(text: str) -> bool:
    """Whether the text is that of a whole file."""
    first, newline, _ = text.partition("\n")
    return bool(newline and _HEADER.fullmatch(f"{first.removesuffix(_TOLD)}\n"))


def emptied(text: str) -> str:
    """Return a text without the content of its regions, except of those whose lines people edit."""
    return _FILLED.sub(r"\g<mark>\g<after>\g<end>", text)


def digest(text: str) -> str:
    """Return eight hexadecimal digits."""
    return sha256(text.encode()).hexdigest()[:8]


def _marks_wanted(region: Region, count: int) -> str:
    if count:
        return f"the region '{region.name}' is there {count} times. Remove all but one."
    return (
        f"the region '{region.name}' is missing. Add two comments where it belongs: "
        f"'--- rendered: {region.name}, from {region.source} (bin/cli render) ---' and '--- end of {region.name} ---'."
    )


def _edited(where: str, source: str) -> str:
    return (
        f"{where}: was edited by hand. It is rendered from {source}: make the change there. "
        "`bin/cli render --force` discards the edit."
    )
