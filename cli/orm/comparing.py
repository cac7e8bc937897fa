"""Compares the generated files of a service with what they were generated from."""

from collections.abc import Iterator
from pathlib import Path

from chassis.postgres.columns import STORED, compare
from cli.orm.files import read
from cli.orm.generating import generate
from cli.orm.stored import COLUMNS_FILE, stored_columns


def differences_of_files(folder: Path, url: str = "") -> Iterator[str]:
    """
    Yield how the files of the service in *folder* differ from what would be generated.

    It is by table and column; where these agree, by file. Its schema.sql is read, or the database at *url*.

    Raises:
        CommandError: Its reflect.toml, its schema.sql or its columns.json is wrong.
    """
    files, stored = generate(folder, url), stored_columns(folder).tables
    fresh = STORED.validate_json(files[COLUMNS_FILE]).tables
    changes = [str(one) for one in compare(stored, fresh)]
    changes += [f"{name}: the table is new" for name in fresh if name not in stored]
    yield from changes or (
        f"orm/{name} is not what `make orm` writes"
        for name, text in files.items()
        if read(folder / "orm" / name) != text
    )
