"""
Limits of a document, checked before validation: validation compares the fields of a selection in pairs.

Each check takes time linear in the size of the document with its fragments in place, which is limited first.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from math import isinf

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSyntaxError,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    TokenKind,
    parse,
)

from gateway.graphql.refusals import NotParsed, Refused

MOST_TOKENS = 1000
"""Comments have the same limit of their own."""
MOST_FIELDS = 1000
"""Fields of a document with its fragments in place."""
MOST_LEVELS = 8
MOST_ALIASES = 15
MOST_DIRECTIVES = 15
MOST_REPETITIONS = 15
"""How often one field of the answer may be asked for."""
MOST_OPERATIONS = 15
INTROSPECTION = frozenset({"__schema", "__type"})
"""Fields about the schema: limited by the library's own rule, where they are allowed at all."""

Fragments = Mapping[str, FragmentDefinitionNode]


class CircularFragments(Refused):
    """A fragment spreads itself (422)."""

    code = "circular_fragments"


class TooManyFields(Refused):
    """The document asks for too many fields (422)."""

    code = "too_many_fields"


class TooDeep(Refused):
    """The document has too many levels (422)."""

    code = "too_deep"


class TooManyAliases(Refused):
    """The document has too many aliases (422)."""

    code = "too_many_aliases"


class TooManyDirectives(Refused):
    """The document has too many directives (422)."""

    code = "too_many_directives"


class TooManyRepetitions(Refused):
    """The document asks for one field of the answer too often (422)."""

    code = "too_many_repetitions"


class TooManyOperations(Refused):
    """The document has too many operations (422)."""

    code = "too_many_operations"


class NoIntrospection(Refused):
    """The schema cannot be queried here (422)."""

    code = "no_introspection"


class UnusableValue(Refused):
    """A value in the document is not accepted by any service (422)."""

    code = "unusable_value"


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


def parse_limited(text: str) -> DocumentNode:
    """
    Parse a document of at most 1,000 tokens.

    Raises:
        NotParsed: It has more, or is not GraphQL (400).
    """
    try:
        return parse(text, max_lexical_tokens=MOST_TOKENS, max_comments=MOST_TOKENS)
    except GraphQLSyntaxError as error:
        raise NotParsed(GraphQLError(error.message, source=error.source, positions=error.positions)) from None


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


def refuse_values(document: DocumentNode) -> None:
    """Refuse numbers that are infinite in binary, and text with the NUL character: strict JSON has neither."""
    token = document.loc and document.loc.start_token
    while token:
        if token.kind is TokenKind.FLOAT and isinf(float(token.value or 0)):
            raise UnusableValue(f"The number at line {token.line} is out of range.")
        if token.kind is TokenKind.STRING and "\0" in (token.value or ""):
            raise UnusableValue(f"The text at line {token.line} contains the NUL character.")
        token = token.next


def refuse_operations(document: DocumentNode) -> None:
    """Refuse more than 15 operations: validation follows the fragments of each."""
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    if len(operations) > MOST_OPERATIONS:
        raise TooManyOperations(f"At most {MOST_OPERATIONS} operations in a document.", nodes=operations)


def refuse_directives(document: DocumentNode) -> None:
    """Refuse more than 15 directives."""
    found = [directive for node in _nodes(document) for directive in getattr(node, "directives", None) or ()]
    if len(found) > MOST_DIRECTIVES:
        raise TooManyDirectives(f"At most {MOST_DIRECTIVES} directives in a document.", nodes=found)


def refuse_circles(fragments: Fragments) -> None:
    """Refuse fragments that spread themselves, or each other in a circle."""
    spreads = {name: _spread_names(one) & fragments.keys() for name, one in fragments.items()}
    try:
        TopologicalSorter(spreads).prepare()
    except CycleError as error:
        circle = error.args[1]
        raise CircularFragments(f"Fragments in a circle: {', '.join(circle)}.", nodes=[fragments[circle[0]]]) from None


def all_fields(document: DocumentNode, fragments: Fragments) -> list[Field]:
    """
    Return the fields of all answers that the document asks for, those of fragments without use among them.

    Raises:
        TooManyFields: There are more than 1,000, each counted as often as it is asked for (422).
    """
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    used = {name for one in operations for name in _reached(one, fragments)}
    unused = [one for name, one in fragments.items() if name not in used]
    fields, count = list[Field](), 0
    for root in (*operations, *unused):
        for field in _fields(root.selection_set, fragments):
            count += len(field.nodes)
            if count > MOST_FIELDS:
                raise TooManyFields(f"At most {MOST_FIELDS} fields, with fragments in place.", nodes=field.nodes)
            fields.append(field)
    return fields


def refuse_depth(fields: Sequence[Field]) -> None:
    """Refuse more than 8 levels of fields."""
    for field in fields:
        if field.level > MOST_LEVELS:
            raise TooDeep(f"At most {MOST_LEVELS} levels of fields.", nodes=field.nodes)


def refuse_aliases(fields: Sequence[Field]) -> None:
    """Refuse more than 15 aliases; those of a fragment count wherever it is spread."""
    found = [node for field in fields for node in field.nodes if node.alias]
    if len(found) > MOST_ALIASES:
        raise TooManyAliases(f"At most {MOST_ALIASES} aliases, with fragments in place.", nodes=found)


def refuse_repetitions(fields: Sequence[Field]) -> None:
    """Refuse a field of the answer that is asked for more than 15 times."""
    for field in fields:
        if len(field.nodes) > MOST_REPETITIONS:
            raise TooManyRepetitions(f"Ask for a field at most {MOST_REPETITIONS} times.", nodes=field.nodes)


def refuse_introspection(fields: Sequence[Field]) -> None:
    """Refuse fields about the schema."""
    for field in fields:
        if field.nodes[0].name.value in INTROSPECTION:
            raise NoIntrospection("The schema cannot be queried here.", nodes=field.nodes)


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


def _reached(root: Node, fragments: Fragments) -> set[str]:
    """Return the names of the fragments that *root* spreads, directly or not."""
    reached, waiting = set[str](), [root]
    while waiting:
        for name in _spread_names(waiting.pop()) & fragments.keys() - reached:
            reached.add(name)
            waiting.append(fragments[name])
    return reached


def _spread_names(root: Node) -> set[str]:
    return {node.name.value for node in _nodes(root) if isinstance(node, FragmentSpreadNode)}


def _nodes(root: Node) -> Iterator[Node]:
    """Yield the definitions, selections and variables in *root*, and it itself; not values."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(getattr(node, "definitions", None) or ())
        waiting.extend(getattr(node, "variable_definitions", None) or ())
        inner = getattr(node, "selection_set", None)
        waiting.extend(inner.selections if inner else ())
