"""
What of a log line is written: without secrets, limited in size, without characters that a terminal interprets.

Most lines have nothing to mask. ``json_line`` writes such a line first and looks at the result, which takes a fraction
of the time of looking at each value.
"""

import re
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from itertools import islice
from typing import Any

import orjson

MAX_TEXT = 2000
"""Characters of a logged text, and of a line of a traceback."""
MAX_TRACEBACK = 64 * 1024
MOST_LINES = 200
"""Lines of the beginning of a traceback, and of its end."""
MOST_PARTS = 50
"""Items of a logged list or mapping."""
TRACEBACKS = frozenset({"exception", "stack"})
"""Fields with lines of their own."""

Fields = MutableMapping[str, Any]
"""The fields of a line."""

_SECRET_NAME = re.compile(
    r"pass(word|wd)?$|secret|token|authorization|cookie|api_?key|private_key|encrypted_data", re.IGNORECASE
)
_SECRET_TEXT = re.compile(
    r"eyJ[\w-]{8,}+(?:\.[\w-]++){0,2}+"  # a JWT, or the beginning of one: so each character is read once
    r"|gAAAA[\w-]{20,}=*"  # a Fernet token
    r"|\$argon2\w+\$[^\s'\"]+"
    r"|(?<=://)[^\s:/@]*:[^\s/@]+(?=@)"  # name and password in an address
    r"|(?<=[Bb]earer )[\w.~+/-]+=*"
    r"|(?<=Basic )[\w+/-]+=*"
    r"|(?<=password=)[^\s&,;'\"]+"
    r"|(?<=token=)[^\s&,;'\"]+"
)
_SECRET_MARKS = ("eyJ", "gAAAA", "$argon2", "://", "earer ", "Basic ", "password=", "token=")
"""Every secret text contains one of these or follows it: most lines contain none, and need no regular expression."""
_MARKS_IN_BYTES = tuple(mark.encode() for mark in _SECRET_MARKS)
_HIDDEN = "[hidden]"
# Characters that a terminal interprets: control characters, and Unicode's line breaks and changes of direction. Lone
# surrogates have no form in UTF-8.
_CONTROLS = {
    code: repr(chr(code))[1:-1]
    for code in (
        *(*range(0x20), *range(0x7F, 0xA0)),
        *(0x61C, 0x200E, 0x200F, 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)),
        *range(0xD800, 0xE000),
    )
}
_PLAIN = frozenset({str, int, float, bool, type(None)})
_LONGEST_INT = 2**63 - 1


def json_line(fields: Fields) -> str:
    """Return a line as JSON, made safe."""
    if all(type(value) in _PLAIN and not _is_secret(name) for name, value in fields.items()):
        try:
            line = orjson.dumps(fields)
        except orjson.JSONEncodeError:  # an integer of more than 64 bits, or a lone surrogate
            line = b"\\"
        if _is_harmless(line):
            return line.decode()
    return orjson.dumps(make_safe(fields)).decode()


def make_safe(fields: Fields) -> dict[str, Any]:
    """Mask secrets, shorten long values, and escape characters that a terminal interprets."""
    return {
        name: _safe_traceback(value) if name in TRACEBACKS and isinstance(value, str) else _safe_field(name, value)
        for name, value in fields.items()
    }


def _is_harmless(line: bytes) -> bool:
    """Whether no text in a line of JSON has to be changed: a control character would have an escape, or be DEL."""
    return (
        len(line) <= MAX_TEXT
        and line.isascii()
        and b"\\" not in line
        and b"\x7f" not in line
        and not any(mark in line for mark in _MARKS_IN_BYTES)
    )


def _safe_field(name: str, value: Any, depth: int = 5) -> Any:  # noqa: ANN401 - whatever is logged
    return _HIDDEN if _is_secret(name) else _safe(value, depth)


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return bool(_SECRET_NAME.search(name))


def _safe(value: Any, depth: int) -> Any:  # noqa: ANN401
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return float(value)  # orjson takes no subclass of it
    if isinstance(value, int) and abs(value) <= _LONGEST_INT:
        return int(value)
    if depth and isinstance(value, Mapping):
        parts = islice(value.items(), MOST_PARTS)
        return {safe_text(str(name)): _safe_field(str(name), part, depth - 1) for name, part in parts}
    if depth and isinstance(value, list | tuple):
        return [_safe(part, depth - 1) for part in islice(value, MOST_PARTS)]
    return safe_text(value if isinstance(value, str) else repr(value))


def safe_text(text: str) -> str:
    """Return a text as it is written."""
    # Masked before it is cut: a secret that is cut in two would not be recognised.
    safe = text[: 2 * MAX_TEXT]
    if any(mark in safe for mark in _SECRET_MARKS):
        safe = _SECRET_TEXT.sub(_HIDDEN, safe)
    if not safe.isprintable():
        safe = safe.translate(_CONTROLS)
    return safe if len(text) <= MAX_TEXT else f"{safe[:MAX_TEXT]}… ({len(text)} characters)"


def _safe_traceback(text: str) -> str:
    lines = text.splitlines()
    if len(lines) > 2 * MOST_LINES:
        lines = [*lines[:MOST_LINES], "…", *lines[-MOST_LINES:]]
    return "\n".join(map(safe_text, lines))[-MAX_TRACEBACK:]
