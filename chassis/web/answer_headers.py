"""Headers that the answer to a request has, whatever becomes of the request: they are sent with an error, too."""

from starlette.types import Scope

_KEY = "answer_headers"


def add_to_answer(scope: Scope, name: bytes, value: bytes) -> None:
    """Add a header to the answer of a request; *name* is in lower case. It replaces an earlier one of this name."""
    scope.setdefault(_KEY, {})[name] = value


def headers_added(scope: Scope) -> list[tuple[bytes, bytes]]:
    """Return the headers that were added."""
    added: dict[bytes, bytes] | None = scope.get(_KEY)
    return list(added.items()) if added else []
