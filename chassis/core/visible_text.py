"""Text for people: it has visible characters, and none that change the surrounding text."""

import regex
from pydantic import AfterValidator

_SEEN = regex.compile(
    r"[[\p{L}\p{N}\p{P}\p{S}]--\p{Default_Ignorable_Code_Point}--[\u2800\uFFFC\U0001D159]]", regex.VERSION1
)
"""Visible characters. Three symbols are not: an empty Braille cell, the object placeholder, a note without a head."""
_DIRECTIONS = r"\u202A-\u202E\u2066-\u2069"
_NOT_IN_A_LINE = regex.compile(rf"[\p{{Cc}}\p{{Zl}}\p{{Zp}}{_DIRECTIONS}]")
_NOT_IN_TEXT = regex.compile(rf"[[\p{{Cc}}{_DIRECTIONS}]--[\t\n\r]]", regex.VERSION1)


def is_visible(text: str) -> bool:
    """Whether the text has visible characters: not only spaces, marks and blank characters."""
    return _SEEN.search(text) is not None


def check_line(text: str) -> str:
    """
    Return a line of visible text.

    Raises:
        ValueError: It has no visible character, or has control characters.
    """
    if not is_visible(text):
        raise ValueError("must contain a visible character")
    if _NOT_IN_A_LINE.search(text):
        raise ValueError("must be one line, without control characters and without changes of the writing direction")
    return text


def _check_text(text: str) -> str:
    if text and not is_visible(text):
        raise ValueError("must contain a visible character, or be empty")
    if _NOT_IN_TEXT.search(text):
        raise ValueError("must be without control characters and without changes of the writing direction")
    return text


VISIBLE_LINE = AfterValidator(check_line)
"""For a field with one line for people, such as a name; put its length before this."""
VISIBLE_TEXT = AfterValidator(_check_text)
"""For a field with any number of lines for people; it may be empty."""
