"""The columns for which a service's models were generated, and how those of a database differ."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from chassis.postgres.columns import STORED, SchemaColumns, compare, read_columns
from cli.errors import CommandError
from cli.orm.source import ask, existing

COLUMNS_FILE = "columns.json"


def stored_columns(folder: Path) -> SchemaColumns:
    """
    Return the columns for which the models of the service in *folder* were generated.

    Raises:
        CommandError: It has no models.
    """
    file = folder / "orm" / COLUMNS_FILE
    where = "/".join(file.parts[-3:])
    if not file.exists():
        raise CommandError(f"{where} is missing. Generate it: make orm SERVICE={folder.name}")
    try:
        return STORED.validate_json(file.read_bytes())
    except ValidationError:
        raise CommandError(f"{where} is damaged. Generate it again: make orm SERVICE={folder.name}") from None


def differences_of_database(folder: Path, url: str) -> Iterator[str]:
    """
    Yield how the database at *url* differs from the models of the service in *folder*.

    Raises:
        CommandError: It does not answer, or the service has no models.
    """
    stored = stored_columns(folder)
    found = ask(existing(url, stored.schema), lambda connection: read_columns(connection, stored.schema, stored.tables))
    yield from map(str, compare(stored.tables, found))
