"""
All limits of a parsed document, in their order.

Each check takes time linear in the size of the document with its fragments in place, which is limited first.
"""

from graphql import DocumentNode, FragmentDefinitionNode

from gateway.graphql.limits.answer import refuse_aliases, refuse_depth, refuse_introspection, refuse_repetitions
from gateway.graphql.limits.definitions import refuse_directives, refuse_operations
from gateway.graphql.limits.fields import all_fields
from gateway.graphql.limits.fragments import refuse_circles
from gateway.graphql.limits.tokens import refuse_values


def check_limits(document: DocumentNode, *, introspection: bool) -> None:
    """
    Refuse a document whose validation or execution would take too long.

    Args:
        introspection: Whether the schema may be queried.

    Raises:
        Refused: A limit is exceeded; the type and the message say which (422).
    """
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    refuse_values(document)
    refuse_operations(document)
    refuse_directives(document)
    refuse_circles(fragments)
    fields = all_fields(document, fragments)
    refuse_depth(fields)
    refuse_aliases(fields)
    refuse_repetitions(fields)
    if not introspection:
        refuse_introspection(fields)
