"""
Trusted documents: operations that were known when the service was built, each named by the hash of its text.

They are the files ``gateway/documents/*.graphql``; `bin/cli gateway documents` prints their ids.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import strawberry
from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode, specified_rules, validate

from gateway.graphql.limits.check import check_limits
from gateway.graphql.limits.tokens import parse_limited
from gateway.graphql.refusals import NotValid

FOLDER = Path(__file__).parents[1] / "documents"
UNNAMED = "-"
"""The name of an operation in metrics if its document is not trusted: a client may invent names."""
_MOST_ERRORS = 10


@dataclass(frozen=True, slots=True)
class Document:
    """
    A valid document within the limits.

    Attributes:
        label: The name of its operation in metrics.
    """

    parsed: DocumentNode
    label: str = UNNAMED


def read_document(schema: GraphQLSchema, text: str, *, open_schema: bool) -> Document:
    """
    Parse a document, check its limits, and validate it.

    Args:
        open_schema: Whether the schema may be queried, and errors suggest names of it.

    Raises:
        Refused: It is not GraphQL (400), exceeds a limit, or does not fit the schema (422).
    """
    parsed = parse_limited(text)
    check_limits(parsed, introspection=open_schema)
    errors = validate(schema, parsed, specified_rules, _MOST_ERRORS, hide_suggestions=not open_schema)
    if errors:
        raise NotValid(*errors)
    return Document(parsed)


def document_id(text: str) -> str:
    """Return the id of a trusted document."""
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def read_folder(folder: Path = FOLDER) -> dict[str, str]:
    """Return the texts of the trusted documents by the names of their files."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.graphql"))}


def read_trusted(schema: strawberry.Schema, texts: Iterable[str]) -> dict[str, Document]:
    """
    Return the trusted documents by their ids, ready to execute.

    Raises:
        Refused: One is not valid, or exceeds a limit.
        ValueError: One has more than one operation, or one without a name.
    """
    documents = {}
    for text in texts:
        parsed = read_document(core_schema(schema), text, open_schema=False).parsed
        documents[document_id(text)] = Document(parsed, _only_name(parsed.definitions))
    return documents


def core_schema(schema: strawberry.Schema) -> GraphQLSchema:
    """Return a schema as the library behind Strawberry knows it."""
    return schema._schema  # noqa: SLF001 - Strawberry has no public name for it


def _only_name(definitions: Iterable[object]) -> str:
    names = [one.name and one.name.value for one in definitions if isinstance(one, OperationDefinitionNode)]
    if len(names) != 1 or not names[0]:
        raise ValueError(f"A trusted document has one operation, with a name, and not {names}.")
    return names[0]
