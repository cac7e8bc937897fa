"""The settings of a service beyond those of every service, with the meanings that its settings.py has beside them."""

import ast
import inspect
from dataclasses import dataclass
from textwrap import dedent

from chassis.settings import ServiceSettings
from cli.errors import CommandError
from cli.services.discovery import Service
from cli.settings import default_of, is_secret

_EXAMPLE = "Example: "


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of one service."""

    variable: str
    meaning: tuple[str, ...]
    """Lines."""
    example: str
    """A line of an environment file."""
    is_secret: bool
    is_required: bool


def own_settings(service: Service, settings: type[ServiceSettings]) -> tuple[Setting, ...]:
    """
    Return the settings that a service declares itself, without addresses of databases and services.

    Raises:
        CommandError: One has no meaning: a string below it in the class; the message says what to write.
    """
    documented, found = _strings_below(settings), list[Setting]()
    for name, field in settings.model_fields.items():
        if name in ServiceSettings.model_fields or name.endswith("_service_url"):
            continue
        if name.upper() == service.store_variable:
            continue
        if name not in documented:
            raise CommandError(
                f'{service.name}/settings.py: explain {name} by a string below it, as in """How long …""". '
                ".env.example and `bin/cli settings` show it."
            )
        lines = documented[name].splitlines()
        examples = [line.removeprefix(_EXAMPLE) for line in lines if line.startswith(_EXAMPLE)]
        found.append(
            Setting(
                variable=name.upper(),
                meaning=tuple(line for line in lines if line and not line.startswith(_EXAMPLE)),
                example=examples[0] if examples else f"{name.upper()}={default_of(field) or ''}",
                is_secret=is_secret(field.annotation),
                is_required=field.is_required(),
            )
        )
    return tuple(found)


def _strings_below(settings: type[ServiceSettings]) -> dict[str, str]:
    """Return the string below each field in the source of the class, without its indentation."""
    (definition,) = ast.parse(dedent(inspect.getsource(settings))).body
    assert isinstance(definition, ast.ClassDef)
    found = dict[str, str]()
    for one, below in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(one, ast.AnnAssign) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            found[ast.unparse(one.target)] = inspect.cleandoc(str(below.value.value))
    return found
