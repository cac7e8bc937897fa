"""Columns of types that SQLAlchemy does not know, such as ``point``, ``vector`` or a composite type."""

from sqlalchemy.types import UserDefinedType


class UnknownType(UserDefinedType[object]):
    """A type by its name in PostgreSQL; its values are those of asyncpg."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        """Store the name."""
        self.name = name

    def get_col_spec(self, **_: object) -> str:
        """Return the name."""
        return self.name
