"""The models: sqlacodegen's generator with our names and types, and without what only the owner of the schema needs."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlacodegen.generators import Base, DeclarativeGenerator, LiteralImport
from sqlacodegen.models import ColumnAttribute, Model, ModelClass
from sqlalchemy import JSON, Column, Connection, DefaultClause, Identity, MetaData, Table
from sqlalchemy.types import Enum, TypeEngine

from chassis.postgres.columns import Tables
from cli.orm.names import RESERVED, assign, class_name, member_name, quoted, snake_case
from cli.orm.types import enum_of, python_type, simplify

_STANDARD = ("datetime", "decimal", "uuid")
"""Modules that are imported as such, because columns often have the names of their classes."""

Enums = Mapping[tuple[str, str], str]
"""Schema and name of an enum -> its class."""


class ModelGenerator(DeclarativeGenerator):
    """
    Renders the tables of *metadata*, by their names.

    There are no relationships, because a lazy one cannot load in async code: statements join by the foreign keys.
    """

    def __init__(self, metadata: MetaData, connection: Connection, columns: Tables, base: Base, shared: Enums) -> None:
        """
        Assign all names.

        Args:
            columns: The catalogue's description of the tables.
            base: How the module has its base class.
            shared: Enums whose classes another module has.
        """
        super().__init__(metadata, connection, ["nosyntheticenums"])
        self._base = base
        tables = sorted(metadata.tables.values(), key=lambda table: table.name)
        for table in tables:
            for column in table.c:
                column.type = simplify(column.type, str(table.schema), columns[table.name][column.name].type)
        self._names = assign(((one.name, _model_name(one)) for one in tables), {*RESERVED, *shared.values()})
        self._own_enums = {_identity(one): one for one in _enums(tables) if _identity(one) not in shared}
        self.enums = {**shared, **self._name_enums()}

    def group_imports(self) -> list[list[str]]:
        """Return the imports; of arrays, PostgreSQL's alone, where the original may import both."""
        self.remove_literal_import("sqlalchemy", "ARRAY")
        for module in [module for module, names in self.imports.items() if not names]:
            del self.imports[module]
        return super().group_imports()

    def generate_base(self) -> None:
        """Use the given base class."""
        self.base = self._base

    def generate_models(self) -> list[Model]:
        """Return a class for each table with a key, and a bare ``Table`` for the others."""
        tables = sorted(self.metadata.tables.values(), key=lambda table: table.name)
        models = [self._make_model(table) for table in tables]
        self.collect_imports(models)
        self.remove_literal_import("sqlalchemy", "text")
        return models

    def _make_model(self, table: Table) -> Model:
        names = assign(((column.name, snake_case(column.name)) for column in table.c), self._taken)
        model = ModelClass(table) if table.primary_key.columns else Model(table)
        model.name = self._names[table.name]
        for column in table.c:
            if isinstance(model, ModelClass):
                attribute = ColumnAttribute(model, column)
                attribute.name = names[column.name]
                model.columns.append(attribute)
            else:
                column.key = names[column.name]
        return model

    @property
    def _taken(self) -> Collection[str]:
        return {*RESERVED, *self._names.values(), *self.enums.values()}

    def _name_enums(self) -> Enums:
        """Return the classes of our own enums."""
        taken = {*RESERVED, *self._names.values()}
        names = assign(((".".join(key), class_name(key[1])) for key in self._own_enums), taken)
        return {key: names[".".join(key)] for key in self._own_enums}

    def fix_column_types(self, table: Table) -> None:
        """Find generic types, and mark the columns that PostgreSQL fills if a statement leaves them out."""
        defaults = {column.name: column.server_default for column in table.c}
        for column in table.c:
            if enum := enum_of(column.type):
                self.enum_classes[table.name, column.name] = self.enums[_identity(enum)]
        super().fix_column_types(table)
        for column in table.c:
            default = defaults[column.name]  # of a serial column, it was replaced
            column.default = None
            column.server_default = Identity(always=default.always) if isinstance(default, Identity) else default
            if isinstance(default, DefaultClause):
                self.add_literal_import("sqlalchemy", "FetchedValue")

    def render_column_type(self, column: Column[Any]) -> str:
        """Render a type; Python's None is NULL where the column may be NULL, otherwise JSON's null."""
        if isinstance(column.type, JSON):
            return f"{type(column.type).__name__}{'(none_as_null=True)' if column.nullable else ''}"
        return super().render_column_type(column)

    def render_column_callable(self, is_table: bool, *args: Any, **kwargs: Any) -> str:  # noqa: ANN401, FBT001
        """Render a column; the expression of its default is the owner's."""
        if "server_default" in kwargs:
            kwargs["server_default"] = "FetchedValue()"
        if "key" in kwargs:
            kwargs["key"] = repr(kwargs["key"])
        return super().render_column_callable(is_table, *args, **kwargs)

    def render_column_python_type(self, column: Column[Any]) -> str:
        """Render the type of an attribute."""
        enum_class = self.enum_classes.get((column.table.name, column.name))
        item: TypeEngine[Any] = getattr(column.type, "item_type", column.type)
        name, module = (enum_class, "") if enum_class else python_type(item)
        if module in _STANDARD:
            self.add_module_import(module)
            name = f"{module}.{name}"
        elif module:
            self.add_literal_import(module, name)
        depth = 0 if item is column.type else getattr(column.type, "dimensions", None) or 1
        rendered = f"{'list[' * depth}{name}{']' * depth}"
        return f"{rendered} | None" if column.nullable else rendered

    def render_class(self, model: ModelClass) -> str:
        """Render a class with its columns in their order."""
        columns = [self.render_column_attribute(column) for column in model.columns]
        about = f'"""A row of ``{quoted(model.table.name)}``."""'
        body = "\n".join([about, "", self.render_class_variables(model), "", *columns])
        indented = "\n".join(f"{self.indentation}{line}" if line else "" for line in body.splitlines())
        return f"class {model.name}({self.base_class_name}):\n{indented}"

    def render_enum_classes(self) -> str:
        """Render the classes of enums, and import those that another module has."""
        return "\n\n\n".join(sorted(self._render_enum(key, enum) for key, enum in self._own_enums.items()))

    def _render_enum(self, key: tuple[str, str], enum: Enum) -> str:
        self.add_literal_import("enum", "StrEnum")
        names = assign(((value, member_name(value)) for value in enum.enums), {"NAME", "VALUE"})
        members = "\n".join(f"    {names[value]} = {value!r}" for value in enum.enums)
        return f'class {self.enums[key]}(StrEnum):\n    """A value of ``{quoted(key[1])}``."""\n\n{members}'


def _model_name(table: Table) -> str:
    return class_name(table.name) if table.primary_key.columns else snake_case(table.name)


def _identity(enum: Enum) -> tuple[str, str]:
    return str(enum.schema), str(enum.name)


def _enums(tables: Iterable[Table]) -> Iterator[Enum]:
    return (enum for table in tables for column in table.c if (enum := enum_of(column.type)))


def base_here(namespace: str) -> Base:
    """Return the base class of the module with the tables."""
    about = f'    """A row in schema ``{quoted(namespace)}``."""'
    imports = [LiteralImport("sqlalchemy.orm", "DeclarativeBase")]
    return Base(imports, ["class Base(DeclarativeBase):", about], "Base.metadata")


def base_of(module: str, shared: Sequence[str]) -> Base:
    """Return the base class of a module that imports it, and classes of enums, from *module*."""
    return Base([LiteralImport(module, name) for name in ("Base", *shared)], [], "Base.metadata")
