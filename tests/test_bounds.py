"""Every list and text of a body has a bound: without one its cost would be up to the sender."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI

from cli.services import SERVICES

BOUNDED = {"pattern", "enum", "const", "format", "maxLength"}
"""Any of these bounds a text; formats are those of UUIDs, times, addresses."""


def unbounded(schema: dict[str, Any], parts: dict[str, Any], place: str, seen: tuple[str, ...] = ()) -> Iterator[str]:
    """Return the lists and texts of a schema without a bound."""
    if reference := schema.get("$ref", "").rpartition("/")[2]:
        if reference not in seen:
            yield from unbounded(parts[reference], parts, place, (*seen, reference))
        return
    if schema.get("type") == "array":
        if "maxItems" not in schema:
            yield place
        yield from unbounded(schema.get("items", {}), parts, f"{place}[]", seen)
    elif schema.get("type") == "string" and not BOUNDED & schema.keys():
        yield place
    for name, part in schema.get("properties", {}).items():
        yield from unbounded(part, parts, f"{place}.{name}", seen)
    for choice in (*schema.get("anyOf", ()), *schema.get("allOf", ()), *schema.get("oneOf", ())):
        yield from unbounded(choice, parts, place, seen)


@pytest.mark.parametrize("service", [service.name for service in SERVICES])
def test_what_is_sent_has_bounds(apps: dict[str, FastAPI], service: str) -> None:
    """The bodies of every route in OpenAPI are bounded; address and headers have the bounds of the server."""
    document = apps[service].openapi()
    parts, found = document["components"]["schemas"], set[str]()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                found.update(unbounded(content["schema"], parts, f"{method} {path}"))

    assert found == set()
