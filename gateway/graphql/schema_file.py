"""
The schema as a file, ``gateway/schema.graphql``: what clients rely on, so that a change of it is seen.

A change that breaks clients must be listed in ``gateway/breaking-changes.txt`` first.
"""

from collections.abc import Collection
from pathlib import Path

import strawberry
from graphql import build_schema, find_breaking_changes

SCHEMA_FILE = Path(__file__).parents[1] / "schema.graphql"
ACKNOWLEDGED = SCHEMA_FILE.with_name("breaking-changes.txt")


def render_schema(schema: strawberry.Schema) -> str:
    """Return the contents of ``schema.graphql``."""
    return f"# bin/cli gateway schema writes this file.\n{schema.as_str()}\n"


def unacknowledged_changes(before: str, after: str, acknowledged: Collection[str]) -> list[str]:
    """
    Return the changes from one schema to another that break clients, and are not acknowledged.

    Args:
        acknowledged: Descriptions of changes.
    """
    changes = find_breaking_changes(build_schema(before), build_schema(after))
    return sorted({change.description for change in changes} - {*acknowledged})


def read_acknowledged(file: Path = ACKNOWLEDGED) -> list[str]:
    """Return the acknowledged changes: one a line; lines that begin with # are comments."""
    return [line for line in file.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
