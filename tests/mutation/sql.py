"""Which clauses of an SQL text can be left out so that it is still SQL."""

import re
from collections.abc import Iterator

_IS_SQL = re.compile(r"\b(SELECT|UPDATE|INSERT INTO|DELETE FROM|ON CONFLICT)\b")
_END = r"(?=\s+(?:AND|OR|ORDER BY|LIMIT|FOR|RETURNING|GROUP BY|ON CONFLICT|FROM|WHERE)\b|\s*\)|\s*\n|\s*['\"]*$)"
_CONDITION = r"[^\n()]*?(?:\([^()]*(?:\([^()]*\)[^()]*)*\)[^\n()]*?)*"
_REMOVABLE = (
    re.compile(r"\bFOR (?:NO KEY )?UPDATE(?: OF \w+)?(?: SKIP LOCKED)?"),
    re.compile(r"\bSKIP LOCKED"),
    re.compile(r"\bON CONFLICT(?: \([\w, ]+\))? DO NOTHING"),
    re.compile(rf"\bORDER BY {_CONDITION}{_END}"),
    re.compile(rf"\bAND {_CONDITION}{_END}"),
    re.compile(rf"(?<=\bWHERE ){_CONDITION}\s+AND "),
    re.compile(rf"\bWHERE {_CONDITION}{_END}(?!\s+AND)"),
)


def is_sql(text: str) -> bool:
    """Whether a string literal holds SQL."""
    return bool(_IS_SQL.search(text))


def clauses(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of the clauses of *text* that narrow, order or lock."""
    for pattern in _REMOVABLE:
        for match in pattern.finditer(text):
            yield match.span()
