"""The fields of the answers that a document asks for, and the limit of their number."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from gateway.graphql.limits.fragments import Fragments, reached_from
from gateway.graphql.refusals import Refused

MOST_FIELDS = 1000
"""Fields of a document with its fragments in place."""
INTROSPECTION = frozenset({"__schema", "__type"})
"""Fields about the schema: limited by the library's own rule, where they are allowed at all."""


class TooManyFields(Refused):
    """The document asks for too many fields (422)."""

    code = "too_many_fields"


@dataclass(frozen=True, slots=True)
class Field:
    """
    A field of the answer.

    Attributes:
        nodes: Where the document asks for it.
        level: 1 at the top of an operation.
    """

    nodes: Sequence[FieldNode]
    level: int


def all_fields(document: DocumentNode, fragments: Fragments) -> list[Field]:
    """
    Return the fields of all answers that the document asks for, those of fragments without use among them.

    Raises:
        TooManyFields: There are more than 1,000, each counted as often as it is asked for (422).
    """
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    used = {name for one in operations for name in reached_from(one, fragments)}
    unused = [one for name, one in fragments.items() if name not in used]
    fields, count = list[Field](), 0
    for root in (*operations, *unused):
        for field in _fields(root.selection_set, fragments):
            count += len(field.nodes)
            if count > MOST_FIELDS:
                raise TooManyFields(f"At most {MOST_FIELDS} fields, with fragments in place.", nodes=field.nodes)
            fields.append(field)
    return fields


def _fields(root: SelectionSetNode, fragments: Fragments) -> Iterator[Field]:
    """Yield the fields of an answer; fields with one name in the answer are one, as in execution."""
    waiting = [([root], 1)]
    while waiting:
        selections, level = waiting.pop()
        merged: dict[str, list[FieldNode]] = {}
        for node in _flat(selections, fragments):
            merged.setdefault((node.alias or node.name).value, []).append(node)
        for nodes in merged.values():
            yield Field(nodes, level)
            inner = [node.selection_set for node in nodes if node.selection_set]
            if inner and nodes[0].name.value not in INTROSPECTION:
                waiting.append((inner, level + 1))


def _flat(selections: Sequence[SelectionSetNode], fragments: Fragments) -> Iterator[FieldNode]:
    """Yield the fields directly in *selections*; a fragment that is spread several times counts once."""
    waiting, spread = list(selections), set[str]()
    while waiting:
        for node in waiting.pop().selections:
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                waiting.append(node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                name = node.name.value
                if name in fragments and name not in spread:
                    spread.add(name)
                    waiting.append(fragments[name].selection_set)
