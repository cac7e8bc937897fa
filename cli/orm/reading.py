"""Reads a database, and writes the text of its models."""

import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pydantic import SecretStr
from sqlalchemy import Connection, ForeignKeyConstraint, MetaData, PrimaryKeyConstraint, Table, text
from sqlalchemy.exc import SAWarning
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.postgres.columns import Tables, read_columns
from cli.errors import CommandError
from cli.orm.generator import ModelGenerator, base_here, base_of
from cli.orm.settings import FILE, Reflection
from cli.orm.source import ask

_OF_PRISMA = ("_prisma_migrations",)

_NAMES = text("""
    SELECT c.relname, c.relkind IN ('v', 'm') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = :schema AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
        AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
        AND NOT EXISTS (SELECT FROM pg_depend d
            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY c.relname
""")
"""Tables, and whether they are views; without partitions, those of extensions, and those without columns."""

_SEARCH_PATH = text("""
    SELECT set_config('search_path', string_agg(quote_ident(name), ', ' ORDER BY name <> :schema), false)
    FROM (SELECT CAST(:schema AS text) AS name
        UNION SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace) AS names
""")
"""The types of extensions are then reflected without their schema, as SQLAlchemy knows them."""


@dataclass(frozen=True, slots=True)
class Reading:
    """
    A schema as it is now.

    Attributes:
        tables: The text of the module with the tables, without a docstring and not formatted.
        views: The same, with the views.
        columns: The columns of both.
    """

    tables: str
    views: str
    columns: Tables


def read(url: SecretStr, reflection: Reflection, module: str) -> Reading:
    """
    Read a database.

    Args:
        module: The name of the module with the tables, which the views import.

    Raises:
        CommandError: It does not answer, or *reflection* names what is not there.
    """
    return ask(url, lambda connection: _read(connection, reflection, module))


async def _read(connection: AsyncConnection, reflection: Reflection, module: str) -> Reading:
    namespace = reflection.namespace
    rows = await connection.execute(_NAMES, {"schema": namespace})
    kinds = {str(name): bool(is_view) for name, is_view in rows if name not in _OF_PRISMA}
    names = _choose(reflection, kinds)
    await connection.execute(_SEARCH_PATH, {"schema": namespace})
    columns = await read_columns(connection, namespace, names)
    chosen = {is_view: [one for one in names if kinds[one] is is_view] for is_view in (False, True)}
    tables, views = await connection.run_sync(_generate, reflection, module, columns, chosen)
    return Reading(tables, views, columns)


def _choose(reflection: Reflection, present: Collection[str]) -> Sequence[str]:
    if not present:
        raise CommandError(f"There are no tables in schema {reflection.namespace}. Is `schema` right in orm/{FILE}?")
    wanted = present if reflection.tables is None else reflection.tables
    if missing := sorted({*wanted, *reflection.keys} - set(present)):
        raise CommandError(
            f"orm/{FILE} names {', '.join(missing)}: schema {reflection.namespace} has no such table or view. "
            f"It has {', '.join(present)}."
        )
    if ignored := sorted(set(reflection.keys) - set(wanted)):
        raise CommandError(f"orm/{FILE} has keys of {', '.join(ignored)}, which is not one of its tables.")
    return sorted(set(wanted))


def _generate(
    connection: Connection,
    reflection: Reflection,
    module: str,
    columns: Tables,
    chosen: Mapping[bool, Sequence[str]],
) -> tuple[str, str]:
    """Return the texts of both modules; *chosen* are the names of the tables and, under True, of the views."""
    ours, theirs = (_reflect(connection, reflection, chosen[is_view]) for is_view in (False, True))
    tables = ModelGenerator(ours, connection, columns, base_here(reflection.namespace), {})
    base = base_of(module, sorted(tables.enums.values()))
    views = ModelGenerator(theirs, connection, columns, base, tables.enums)
    return tables.generate(), views.generate()


def _reflect(connection: Connection, reflection: Reflection, names: Sequence[str]) -> MetaData:
    """Reflect tables: their columns, their primary keys, and the foreign keys between them."""
    metadata = MetaData()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # indexes of expressions, and types that it does not know
        metadata.reflect(connection, reflection.namespace, True, lambda name, _: name in names, resolve_fks=False)
    for table in metadata.tables.values():
        _add_key(table, reflection.keys.get(table.name, []))
        table.indexes.clear()
    for table in metadata.tables.values():
        _keep_keys(table, metadata)
    return metadata


def _add_key(table: Table, key: Sequence[str]) -> None:
    if not key:
        return
    if table.primary_key.columns:
        raise CommandError(f"orm/{FILE}: {table.name} has a primary key already. Remove it from [keys].")
    if missing := [name for name in key if name not in table.c]:
        raise CommandError(
            f"orm/{FILE}: {table.name} has no column {missing[0]}. Its columns are {', '.join(table.c.keys())}."
        )
    table.append_constraint(PrimaryKeyConstraint(*(table.c[name] for name in key)))
    for name in key:
        table.c[name].nullable = False


def _keep_keys(table: Table, metadata: MetaData) -> None:
    """Remove all constraints but those that statements need: the primary key, and foreign keys between classes."""
    for constraint in list(table.constraints):
        if isinstance(constraint, PrimaryKeyConstraint):
            constraint.name = None
        elif not (isinstance(constraint, ForeignKeyConstraint) and _is_usable(constraint, metadata)):
            table.constraints.discard(constraint)
            for element in getattr(constraint, "elements", ()):
                element.parent.foreign_keys.discard(element)


def _is_usable(constraint: ForeignKeyConstraint, metadata: MetaData) -> bool:
    """Whether it is between two classes, and SQLAlchemy finds the column, whose name it splits at each full stop."""
    name = constraint.elements[0].target_fullname
    target = metadata.tables.get(name.rpartition(".")[0])
    if target is None or name.count(".") != len(("schema", "table")):
        return False
    return bool(target.primary_key.columns and constraint.table.primary_key.columns)
