"""What a query asks for below the field that is resolved."""

from collections.abc import Sequence

from strawberry.types.nodes import SelectedField, Selection

from gateway.graphql.context import Info


def selects(info: Info, *names: str) -> bool:
    """Whether fields with these names are asked for, each below the one before it, also in fragments."""
    return any(_has(field.selections, names) for field in info.selected_fields)


def _has(selections: Sequence[Selection], names: Sequence[str]) -> bool:
    return not names or any(_leads_on(one, names) for one in selections)


def _leads_on(selection: Selection, names: Sequence[str]) -> bool:
    if _is_left_out(selection):
        return False
    if isinstance(selection, SelectedField):
        return selection.name == names[0] and _has(selection.selections, names[1:])
    return _has(selection.selections, names)


def _is_left_out(selection: Selection) -> bool:
    skip, include = (selection.directives.get(name, {}).get("if") for name in ("skip", "include"))
    return skip is True or include is False
