"""Limits of the answers that a document asks for."""

from collections.abc import Sequence

from gateway.graphql.limits.fields import INTROSPECTION, Field
from gateway.graphql.refusals import Refused

MOST_LEVELS = 8
MOST_ALIASES = 15
MOST_REPETITIONS = 15
"""How often one field of the answer may be asked for."""


class TooDeep(Refused):
    """The document has too many levels (422)."""

    code = "too_deep"


class TooManyAliases(Refused):
    """The document has too many aliases (422)."""

    code = "too_many_aliases"


class TooManyRepetitions(Refused):
    """The document asks for one field of the answer too often (422)."""

    code = "too_many_repetitions"


class NoIntrospection(Refused):
    """The schema cannot be queried here (422)."""

    code = "no_introspection"


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
