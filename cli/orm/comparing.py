"""Compares the generated files of a service with what they were generated from."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from chassis.postgres.columns import TABLES, Tables, compare, read_columns
from cli.errors import CommandError
from cli.orm.files import COLUMNS_FILE, read
from cli.orm.generating import generate
from cli.orm.settings import FILE, read_reflection
from cli.orm.source import ask, existing


def differences_of_files(folder: Path, url: str = "") -> Iterator[str]:
    """
    Yield how the files of the service in *folder* differ from what would be generated.

    It is by table and column; where these agree, by file. Its schema.sql is read, or the database at *url*.

    Raises:
        CommandError: Its reflect.toml, its schema.sql or its columns.json is wrong.
    """
    files, stored = generate(folder, url), _stored(folder)
    fresh = TABLES.validate_json(files[COLUMNS_FILE])
    changes = [str(one) for one in compare(stored, fresh)]
    changes += [f"{name}: the table is new" for name in fresh if name not in stored]
    yield from changes or (
        f"orm/{name} is not what `make orm` writes"
        for name, text in files.items()
        if read(folder / "orm" / name) != text
    )


def differences_of_database(folder: Path, url: str) -> Iterator[str]:
    """
    Yield how the database at *url* differs from the models of the service in *folder*.

    Raises:
        CommandError: It does not answer, or the service has no models.
    """
    namespace, stored = read_reflection(folder / "orm" / FILE).namespace, _stored(folder)
    found = ask(existing(url, namespace), lambda connection: read_columns(connection, namespace, stored))
    yield from map(str, compare(stored, found))


def _stored(folder: Path) -> Tables:
    file = folder / "orm" / COLUMNS_FILE
    where = "/".join(file.parts[-3:])
    if not file.exists():
        raise CommandError(f"{where} is missing. Generate it: make orm SERVICE={folder.name}")
    try:
        return TABLES.validate_json(file.read_bytes())
    except ValidationError:
        raise CommandError(f"{where} is damaged. Generate it again: make orm SERVICE={folder.name}") from None
