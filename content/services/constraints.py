"""Constraints of the tables, by the names that Prisma gives them."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError

from chassis.core.errors import AppError
from content.errors import SectionNotFound, SlugTaken

_ERRORS: dict[str, type[AppError]] = {"Page_slug_key": SlugTaken, "Page_sectionId_fkey": SectionNotFound}


@contextmanager
def explaining_violations() -> Iterator[None]:
    """
    Translate what PostgreSQL refuses; after an error the transaction is over.

    Raises:
        SlugTaken: Another page has the slug (409).
        SectionNotFound: The section does not exist (409).
    """
    try:
        yield
    except IntegrityError as error:
        for name, kind in _ERRORS.items():
            if f'"{name}"' in str(error.orig):
                raise kind from error
        raise
