"""Names in Python for the names of others in PostgreSQL, which may be any text."""

import keyword
import re
import unicodedata
from collections.abc import Collection, Iterable
from itertools import chain, count

from sqlalchemy import types
from sqlalchemy.dialects import postgresql

_WORD_ENDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

RESERVED = frozenset(
    {
        *(name for name in vars(types) if name[0].isupper()),
        *postgresql.__all__,
        *(
            "Base",
            "BitString",
            "Column",
            "Computed",
            "FetchedValue",
            "ForeignKeyConstraint",
            "Identity",
            "JsonValue",
            "Mapped",
        ),
        *("StrEnum", "Table", "UnknownType", "UtcTimestamp", "mapped_column", "datetime", "decimal", "uuid"),
        *("bool", "bytes", "dict", "float", "int", "list", "object", "str"),
        *("metadata", "registry", "self"),  # of SQLAlchemy's base class
    }
)
"""
What a generated module uses itself.

All of it is reserved, used or not: otherwise a new column of one table could rename the class of another.
"""


def snake_case(name: str) -> str:
    """Return the name of an attribute or a variable, as ``parent_id`` for ``parentId``."""
    return _identifier(_WORD_ENDS.sub("_", name).lower(), "n") or "column"


def class_name(name: str) -> str:
    """Return the name of a class, as ``FilmActor`` for ``film_actor``; capitals stay, as in ``PageStatus``."""
    parts = _identifier(name, "n").split("_")
    return _identifier("".join(part[:1].upper() + part[1:] for part in parts), "N") or "Table"


def member_name(value: str) -> str:
    """Return the name of an enum's member, as ``IN_REVIEW`` for ``in-review``."""
    return _identifier(value.upper(), "N").rstrip("_") or "EMPTY"


def assign(wanted: Iterable[tuple[str, str]], taken: Collection[str]) -> dict[str, str]:
    """
    Return a name in Python for each name in PostgreSQL: the wanted one, or one like it that is free.

    One that needs no change is assigned first, so that it keeps its name.

    Args:
        wanted: The name in PostgreSQL, and the wanted one in Python.
    """
    assigned = dict[str, str]()
    for original, name in sorted(wanted, key=lambda pair: pair[0] != pair[1]):
        assigned[original] = _free(name, {*taken, *assigned.values()})
    return assigned


def quoted(name: str) -> str:
    """Return a name in PostgreSQL for a docstring."""
    return name.replace("\\", "\\\\").replace('"', "'")


def _identifier(text: str, before_digit: str) -> str:
    """Return *text* with underscores for what an identifier cannot have; it begins with a letter, or is empty."""
    normal = unicodedata.normalize("NFKC", text)  # as Python reads identifiers
    name = "".join(character if f"_{character}".isidentifier() else "_" for character in normal)
    while name[:1] == "_" or (name and not (name[0].isdecimal() or name[0].isidentifier())):
        name = name[1:]
    return f"{before_digit}{name}" if name[:1].isdecimal() else name


def _free(name: str, taken: Collection[str]) -> str:
    candidates = chain([name, f"{name}_"], (f"{name}_{number}" for number in count(2)))
    return next(one for one in candidates if one not in taken and not keyword.iskeyword(one))
