"""The table that a service is to serve."""

from collections.abc import Mapping, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import DeclarativeBase

from cli.errors import CommandError
from cli.services.reflecting.serving import Served

_KEYS = text("""
    SELECT c.relname, array_agg(a.attname::text ORDER BY k.position)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, position)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
    WHERE i.indisprimary AND n.nspname = :schema AND k.position <= i.indnkeyatts GROUP BY c.relname
""")


async def read_keys(connection: AsyncConnection, schema: str) -> Mapping[str, Sequence[str]]:
    """Return the primary keys of tables, by their names; the columns are in the order of the index."""
    return {str(table): columns for table, columns in await connection.execute(_KEYS, {"schema": schema})}


def served_in(file: Path, keys: Mapping[str, Sequence[str]]) -> list[Served]:
    """Return the tables of a generated module that have a primary key, by their names."""
    spec = spec_from_file_location(f"reflected_{id(file)}", file)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    models = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, DeclarativeBase)]
    tables = {str(one.__tablename__): one for one in models if hasattr(one, "__table__")}
    return [Served(model, keys[name]) for name, model in sorted(tables.items())]


def choose(found: Sequence[Served], wanted: str | None, command: str) -> Served:
    """
    Return the wanted table, or the only one that can be served.

    Args:
        command: The command to which the choice is added, for the message.

    Raises:
        CommandError: There is no such table, none can be served, or several can; the message lists them.
    """
    usable = [one for one in found if not any(one.obstacles())]
    if wanted is None and len(usable) == 1:
        return usable[0]
    chosen = next((one for one in found if one.name == wanted), None)
    if chosen in usable and chosen:
        return chosen
    if chosen:
        raise CommandError(f"{wanted} cannot be served: {'; '.join(chosen.obstacles())}.")
    about = f"There is no table '{wanted}' with a primary key." if wanted else "Choose one of the tables."
    others = [f"  {one.name} cannot be served: {'; '.join(one.obstacles())}" for one in found if one not in usable]
    if not usable:
        raise CommandError("\n".join(["No table can be served.", *others]))
    lines = [f"  {one.describe()}" for one in usable]
    raise CommandError("\n".join([about, *lines, *others, f"For example: {command} --table {usable[0].name}"]))
