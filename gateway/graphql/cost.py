"""
The price of an operation, known before it is executed.

An object costs 1 and a value nothing; what is in a list costs as often as the list asks for: by the length
of ``ids``, by ``first``, or else 5 times. ``@skip`` and ``@include`` count.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_wrapping_type,
)
from graphql.execution.values import VariableValues, get_argument_values, get_directive_values

from gateway.graphql.limits.fields import INTROSPECTION
from gateway.graphql.refusals import Refused

MOST = 1000
ASSUMED = 5
"""The length of a list whose length is not asked for."""


class TooExpensive(Refused):
    """The operation costs more than 1,000 (422)."""

    code = "too_expensive"


def price(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: VariableValues,
) -> int:
    """
    Return the price of a valid operation, at least 1.

    Raises:
        TooExpensive: It is over 1,000 (422).
    """
    root = schema.get_root_type(operation.operation)
    assert root
    cost = max(1, _Pricing(schema, fragments, variables).selections(operation.selection_set, root, None))
    if cost > MOST:
        raise TooExpensive(f"This costs {cost}, and at most {MOST} is allowed: ask for shorter lists or fewer fields.")
    return cost


@dataclass(frozen=True)
class _Pricing:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: VariableValues

    @cached_property
    def _known(self) -> dict[tuple[str, int | None], int]:
        """The prices of fragments: each is computed once, however often it is spread."""
        return {}

    def selections(self, selected: SelectionSetNode, parent: GraphQLOutputType, length: int | None) -> int:
        """Return the price of what is selected in one *parent*; *length* is that of the lists directly in it."""
        return sum(self._selection(one, parent, length) for one in selected.selections if self._is_included(one))

    def _selection(self, node: SelectionNode, parent: GraphQLOutputType, length: int | None) -> int:
        if isinstance(node, FieldNode):
            return self._field(node, parent, length)
        if isinstance(node, FragmentSpreadNode):
            return self._fragment(node.name.value, length)
        assert isinstance(node, InlineFragmentNode)
        named = node.type_condition and self.schema.get_type(node.type_condition.name.value)
        return self.selections(node.selection_set, named or parent, length)  # type: ignore[arg-type] # it was validated

    def _fragment(self, name: str, length: int | None) -> int:
        if (name, length) not in self._known:
            fragment = self.fragments[name]
            on = self.schema.get_type(fragment.type_condition.name.value)
            self._known[name, length] = self.selections(fragment.selection_set, on, length)  # type: ignore[arg-type]
        return self._known[name, length]

    def _field(self, node: FieldNode, parent: GraphQLOutputType, length: int | None) -> int:
        if node.name.value in INTROSPECTION or node.selection_set is None:
            return 0
        assert isinstance(parent, GraphQLObjectType | GraphQLInterfaceType)
        field = self.schema.get_field(parent, node.name.value)
        assert field
        asked = self._asked_length(field, node)
        kind = get_named_type(field.type)
        assert is_composite_type(kind)
        if _is_list(field.type):
            times = next((one for one in (asked, length) if one is not None), ASSUMED)
            return times * (1 + self.selections(node.selection_set, kind, None))
        return 1 + self.selections(node.selection_set, kind, asked)

    def _asked_length(self, field: GraphQLField, node: FieldNode) -> int | None:
        """Return the length of the list that the arguments of a field ask for; None if they do not."""
        arguments = get_argument_values(field, node, self.variables) if field.args else {}
        if ids := arguments.get("ids"):
            return len(ids)
        first = arguments.get("first")
        return None if first is None else max(first, 0)

    def _is_included(self, node: SelectionNode) -> bool:
        if not node.directives:
            return True
        skip = get_directive_values(GraphQLSkipDirective, node, self.variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self.variables)
        return not (skip and skip["if"]) and not (include and not include["if"])


def _is_list(kind: GraphQLOutputType) -> bool:
    while is_wrapping_type(kind):
        if is_list_type(kind):
            return True
        kind = kind.of_type
    return False
