"""Generates the files of a service's ``orm/``."""

from contextlib import nullcontext
from pathlib import Path

from cli.orm.files import render
from cli.orm.reading import read
from cli.orm.settings import FILE, read_reflection
from cli.orm.source import existing, throwaway


def generate(folder: Path, url: str = "") -> dict[str, str]:
    """
    Return the generated files of the service in *folder*, from the database at *url*, otherwise from its schema.sql.

    Raises:
        CommandError: Its reflect.toml or its schema.sql is wrong, or the database does not answer.
    """
    reflection = read_reflection(folder / "orm" / FILE)
    namespace, module = reflection.namespace, f"{folder.name}.orm.tables"
    with (
        nullcontext(existing(url, namespace)) if url else throwaway(folder / "schema/schema.sql", namespace) as address
    ):
        reading = read(address, reflection, module)
    return dict(render(reading, folder.name, namespace))
