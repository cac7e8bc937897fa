"""
Names that look alike: the skeleton of Unicode Technical Standard #39, by the data in ``confusables.txt``.

People can hardly distinguish two names with one skeleton, whatever alphabets the names are written in.
"""

import unicodedata
from functools import cache
from pathlib import Path

import regex

_DATA = Path(__file__).with_name("confusables.txt")
_REPEATED_MARK = regex.compile(r"(\p{M})\1+")
_SECOND_DOT = regex.compile("(?<=\\p{Soft_Dotted})\u0307")


def skeleton(name: str) -> str:
    """Replace every character by the one it looks like; repeated combining marks count once."""
    text = unicodedata.normalize("NFD", name).translate(_prototypes())
    drawn = _SECOND_DOT.sub("", unicodedata.normalize("NFD", text))
    return _REPEATED_MARK.sub(r"\1", drawn)


@cache
def _prototypes() -> dict[int, str]:
    lines = (line.partition(" ; ") for line in _DATA.read_text().splitlines() if not line.startswith("#"))
    return {int(one, 16): _characters(prototype) for prototype, _, alike in lines for one in alike.split()}


def _characters(points: str) -> str:
    return "".join(chr(int(point, 16)) for point in points.split())
