"""Fragments, which may not spread each other in a circle."""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from graphql import FragmentDefinitionNode, FragmentSpreadNode, Node

from gateway.graphql.refusals import Refused

Fragments = Mapping[str, FragmentDefinitionNode]


class CircularFragments(Refused):
    """A fragment spreads itself (422)."""

    code = "circular_fragments"


def refuse_circles(fragments: Fragments) -> None:
    """Refuse fragments that spread themselves, or each other in a circle."""
    spreads = {name: spread_names(one) & fragments.keys() for name, one in fragments.items()}
    try:
        TopologicalSorter(spreads).prepare()
    except CycleError as error:
        circle = error.args[1]
        raise CircularFragments(f"Fragments in a circle: {', '.join(circle)}.", nodes=[fragments[circle[0]]]) from None


def reached_from(root: Node, fragments: Fragments) -> set[str]:
    """Return the names of the fragments that *root* spreads, directly or not."""
    reached, waiting = set[str](), [root]
    while waiting:
        for name in spread_names(waiting.pop()) & fragments.keys() - reached:
            reached.add(name)
            waiting.append(fragments[name])
    return reached


def spread_names(root: Node) -> set[str]:
    """Return the names of the fragments that *root* itself spreads."""
    return {node.name.value for node in nodes_in(root) if isinstance(node, FragmentSpreadNode)}


def nodes_in(root: Node) -> Iterator[Node]:
    """Yield the definitions, selections and variables in *root*, and it itself; not values."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(getattr(node, "definitions", None) or ())
        waiting.extend(getattr(node, "variable_definitions", None) or ())
        inner = getattr(node, "selection_set", None)
        waiting.extend(inner.selections if inner else ())
