"""Text that people read: there is something to see, and nothing in it moves what stands around it."""

import regex
from pydantic import AfterValidator

_SEEN = regex.compile(
    r"[[\p{L}\p{N}\p{P}\p{S}]--\p{Default_Ignorable_Code_Point}--[\u2800\uFFFC\U0001D159]]", regex.VERSION1
)
"""What is drawn. Three symbols are not: an empty Braille cell, the place of an object, and a note without a head."""
_DIRECTIONS = r"\u202A-\u202E\u2066-\u2069"
_NOT_IN_A_LINE = regex.compile(rf"[\p{{Cc}}\p{{Zl}}\p{{Zp}}{_DIRECTIONS}]")
_NOT_IN_TEXT = regex.compile(rf"[[\p{{Cc}}{_DIRECTIONS}]--[\t\n\r]]", regex.VERSION1)


def is_visible(text: str) -> bool:
    """Whether there is anything to see: not only spaces, marks and characters without a shape."""
    return _SEEN.search(text) is not None


def check_line(text: str) -> str:
    """
    Return a line that people can read.

    Raises:
        ValueError: There is nothing to see in it, or it has control characters.
    """
    if not is_visible(text):
        raise ValueError("must contain a character that can be seen")
    if _NOT_IN_A_LINE.search(text):
        raise ValueError("must be one line, without control characters and without changes of the writing direction")
    return text


def _check_text(text: str) -> str:
    if text and not is_visible(text):
        raise ValueError("must contain a character that can be seen, or nothing")
    if _NOT_IN_TEXT.search(text):
        raise ValueError("must be without control characters and without changes of the writing direction")
    return text


VISIBLE_LINE = AfterValidator(check_line)
"""For a field of one line that people read, such as a name; its length stands before this."""
VISIBLE_TEXT = AfterValidator(_check_text)
"""For a field of any number of lines that people read; it may be empty."""
