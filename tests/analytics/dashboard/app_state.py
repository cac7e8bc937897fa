"""Changing the state of a running application."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.datastructures import State


@contextmanager
def having(state: State, **values: object) -> Iterator[None]:
    """Have these values during the block (pytest's monkeypatch would delete them after it)."""
    before = {name: getattr(state, name) for name in values}
    try:
        for name, value in values.items():
            setattr(state, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(state, name, value)
