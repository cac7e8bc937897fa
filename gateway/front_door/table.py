"""The routes behind the front door, as `bin/cli render` writes them to ``routes.toml``."""

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from chassis.dispatch.retry import SAFE_METHODS

_FILE = Path(__file__).with_name("routes.toml")


class Open(BaseModel):
    """
    A route that people use.

    Attributes:
        path: Its template.
        sealed: Whether its service takes sealed requests.
        idempotency: The effect of a repeated request there.
        login: Whether it needs a login, so that an Idempotency-Key has an owner.
        max_body: Its cap on bodies, in bytes; None: the gateway's own.
        gzip: Whether a body may be compressed.
    """

    service: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    sealed: bool
    idempotency: Literal["keyed", "repeatable", "unrepeatable"]
    login: bool
    max_body: int | None = None
    gzip: bool = False

    def is_repeatable(self, *, has_key: bool) -> bool:
        """Whether sending a request twice has the same effect as sending it once."""
        if self.method in SAFE_METHODS or self.idempotency == "repeatable":
            return True
        return self.idempotency == "keyed" and has_key


class Table(BaseModel):
    """
    The routes of all services.

    Attributes:
        open: Those that people use.
        closed: The path templates of those between services; the template of an open route may match them, too.
    """

    open: list[Open]
    closed: list[str]


def read_table() -> Table:
    """Return the routes of all services."""
    return Table.model_validate(tomllib.loads(_FILE.read_text(encoding="utf-8")))
