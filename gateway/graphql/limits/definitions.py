"""Limits of what a document defines: operations and directives."""

from graphql import DocumentNode, OperationDefinitionNode

from gateway.graphql.limits.fragments import nodes_in
from gateway.graphql.refusals import Refused

MOST_DIRECTIVES = 15
MOST_OPERATIONS = 15


class TooManyOperations(Refused):
    """The document has too many operations (422)."""

    code = "too_many_operations"


class TooManyDirectives(Refused):
    """The document has too many directives (422)."""

    code = "too_many_directives"


def refuse_operations(document: DocumentNode) -> None:
    """Refuse more than 15 operations: validation follows the fragments of each."""
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    if len(operations) > MOST_OPERATIONS:
        raise TooManyOperations(f"At most {MOST_OPERATIONS} operations in a document.", nodes=operations)


def refuse_directives(document: DocumentNode) -> None:
    """Refuse more than 15 directives."""
    found = [directive for node in nodes_in(document) for directive in getattr(node, "directives", None) or ()]
    if len(found) > MOST_DIRECTIVES:
        raise TooManyDirectives(f"At most {MOST_DIRECTIVES} directives in a document.", nodes=found)
