from collections.abc import Iterator
from typing import Any

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLObjectType

from gateway.graphql.schema import SCHEMA


def elements() -> Iterator[tuple[str, Any]]:
    """Yield each type, field, argument and value of the schema, with its name."""
    for name, one in SCHEMA._schema.type_map.items():  # noqa: SLF001 - strawberry has no public access to the types
        if name.startswith("__"):
            continue
        yield name, one
        if isinstance(one, GraphQLObjectType | GraphQLInputObjectType):
            for field_name, field in one.fields.items():
                yield f"{name}.{field_name}", field
                arguments = getattr(field, "args", {})
                yield from ((f"{name}.{field_name}({argument})", value) for argument, value in arguments.items())
        if isinstance(one, GraphQLEnumType):
            yield from ((f"{name}.{value_name}", value) for value_name, value in one.values.items())


def test_everything_in_the_schema_is_described_and_nothing_deprecated() -> None:
    """Types, fields, arguments and the values of enums."""
    found = dict(elements())

    assert [name for name, one in found.items() if not one.description] == []
    assert [name for name, one in found.items() if getattr(one, "deprecation_reason", None)] == []
    assert "User.events(after)" in found
