import re
from collections.abc import Iterable
from importlib import import_module

import pytest
from pymongo import IndexModel
from sqlalchemy import Column, MetaData
from sqlalchemy.dialects import postgresql

from analytics.models import INDEXES
from chassis.postgres.tables import chassis_metadata
from cli.dev.files import ROOT
from cli.services import SERVICES

PAGE = (ROOT / "docs/data-model.md").read_text()
DIAGRAMS = dict(re.findall(r"^## ([^\n]+)\n(?:(?!^## ).)*?^```mermaid\n(.+?)^```", PAGE, re.DOTALL | re.MULTILINE))
"""Heading -> the diagram below it."""
ENTITY = re.compile(r"^    (\w+) \{\n(.+?)^    \}", re.DOTALL | re.MULTILINE)
ATTRIBUTE = re.compile(r'^ {8}(\w+) (\w+)(?: ([A-Z, ]+?))?(?: "[^"]+")?$', re.MULTILINE)
FOREIGN_KEY = re.compile(r"^    (\w+) \|\|--o\{ (\w+) :", re.MULTILINE)

Attributes = dict[str, tuple[str, str]]


def drawn(heading: str) -> dict[str, Attributes]:
    """Return the entities of a diagram: the type and the keys of each attribute."""
    return {
        entity: {name: (kind, keys) for kind, name, keys in ATTRIBUTE.findall(body)}
        for entity, body in ENTITY.findall(DIAGRAMS[heading])
    }


def described(column: Column[object]) -> tuple[str, str]:
    """Return the type and the keys of a column, as a diagram writes them."""
    kind = str(column.type.compile(postgresql.dialect())).partition("(")[0].lower()  # type: ignore[no-untyped-call]
    holds = {"PK": column.primary_key, "FK": column.foreign_keys, "UK": column.unique}
    return kind.replace("timestamp with time zone", "timestamptz"), ", ".join(key for key in holds if holds[key])


@pytest.mark.parametrize(
    ("heading", "metadata"),
    [
        *(
            (one.name, import_module(f"{one.name}.models").Base.metadata)
            for one in SERVICES
            if one.kind == "postgres" and one.name in DIAGRAMS
        ),
        ("Every PostgreSQL database", chassis_metadata),
    ],
)
def test_a_diagram_shows_the_tables_of_the_models(heading: str, metadata: MetaData) -> None:
    """The diagram has the same tables, columns, types and keys, and a solid line for each foreign key."""
    tables = metadata.tables.values()
    keys = {(key.column.table.name, table.name) for table in tables for key in table.foreign_keys}

    assert drawn(heading) == {
        table.name: {column.name: described(column) for column in table.columns} for table in tables
    }
    assert set(FOREIGN_KEY.findall(DIAGRAMS[heading])) == keys


def test_a_diagram_shows_the_collections_of_analytics() -> None:
    """The diagram has every collection, with the fields of its indexes and the keys of its unique index."""
    collections = drawn("analytics")

    assert collections.keys() == INDEXES.keys()
    for name, indexes in INDEXES.items():
        fields = {field.partition(".")[0] for index in indexes for field in index.document["key"]}
        assert fields <= collections[name].keys(), name
        assert {field for field, (_, keys) in collections[name].items() if keys == "UK"} == unique(indexes), name


def unique(indexes: Iterable[IndexModel]) -> set[str]:
    """Return the fields of the unique indexes."""
    return {field for index in indexes if index.document.get("unique") for field in index.document["key"]}
