"""Replacing parts of a running service."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from typing import Any

from fastapi import FastAPI

from chassis.application import application_of


@contextmanager
def having(app: FastAPI, **parts: object) -> Iterator[None]:
    """Replace these parts of a service for the block, common ones or its own."""
    before = application_of(app)
    own: Any = before.own
    if is_dataclass(own):
        own = replace(own, **_known(own, parts))  # type: ignore[type-var]
    strangers = parts.keys() - _known(before, parts).keys() - _known(own, parts).keys()
    assert not strangers
    app.state.application = replace(before, **{"own": own, **_known(before, parts)})
    try:
        yield
    finally:
        app.state.application = before


def _known(to: object, parts: dict[str, object]) -> dict[str, Any]:
    """Return those of the parts that a dataclass has fields for."""
    names = {field.name for field in fields(to)} if is_dataclass(to) else set()
    return {name: part for name, part in parts.items() if name in names}
