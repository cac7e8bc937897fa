"""Which usernames are allowed, and how they look (docs/decisions/0023-names-that-look-alike.md)."""

import hashlib
import unicodedata

import regex

from user.names.look_alikes import skeleton
from user.names.normalise import name_key, without_invisible

_SCRIPTS = (
    "Arabic", "Armenian", "Bengali", "Cyrillic", "Devanagari", "Ethiopic", "Georgian", "Greek", "Gujarati", "Gurmukhi",
    "Hebrew", "Kannada", "Khmer", "Lao", "Latin", "Malayalam", "Myanmar", "Oriya", "Sinhala", "Tamil", "Telugu",
    "Thaana", "Thai", "Tibetan", "Latin Han Hiragana Katakana", "Latin Han Bopomofo", "Latin Han Hangul",
)  # fmt: skip
"""Scripts in everyday use (Unicode Standard Annex #31, table 5); one entry for scripts used together (UTS #39, 5.2)."""


def _of(scripts: str) -> regex.Pattern[str]:
    every = "".join(rf"\p{{scx={script}}}" for script in [*scripts.split(), "Common", "Inherited"])
    return regex.compile(f"[{every}]+")


_ONE_SCRIPT = tuple(map(_of, _SCRIPTS))
_CHARACTERS = regex.compile(r"[\p{L}\p{M}\p{Nd}\p{Join_Control}._-]+")
_LETTERS = r"(?:[\p{L}\p{Nd}]\p{M}{0,4})+"
_FORM = regex.compile(rf"{_LETTERS}(?:[._-]{_LETTERS})*")


def check_username(name: str) -> str:
    """
    Return the name if it is allowed.

    Raises:
        ValueError: A reader could not see where it begins and ends, or in which script it is written.
    """
    visible = without_invisible(name)
    if not _CHARACTERS.fullmatch(name) or not _FORM.fullmatch(visible):
        raise ValueError("must be letters and digits, with single '.', '_' or '-' between them")
    if not any(script.fullmatch(visible) for script in _ONE_SCRIPT):
        raise ValueError("must be written in the letters of one script")
    return name


def look_of(name: str) -> bytes:
    """Return a hash of how a name looks as it is written: it is unique among accounts."""
    return _hash(skeleton(without_invisible(name)))


def folded_look_of(name: str) -> bytes:
    """Return a hash of how a name looks in small letters, to refuse another alphabet's ``ida`` beside ``Ida``."""
    return _hash(skeleton(unicodedata.normalize("NFKC", without_invisible(name).casefold())))


def _hash(look: str) -> bytes:
    return hashlib.sha256(name_key(look).encode()).digest()
