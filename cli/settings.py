"""
`bin/cli settings`: every setting of every service.

The settings classes have the names, the defaults and which are secret; the meanings are the comments of .env.example.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AnyUrl, SecretStr
from pydantic.fields import FieldInfo

from chassis.settings import Environment
from cli.dev.files import ROOT
from cli.errors import CommandError
from cli.links import settings_class
from cli.services import SERVICES
from cli.table import AsJson, Words, print_table

EXPLAINED = ROOT / ".env.example"
_VARIABLE = re.compile(r"(?:# )?([A-Z][A-Z0-9_]*)=(.*)")
_MARK = re.compile("# --- (rendered: |end of )")
"""Of a region in which `bin/cli render` lists variables; the comment above explains them."""
_FLAG = "true | false"
_TYPES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (Environment, " | ".join(Environment)),
    (bool, _FLAG),
    (int, "integer"),
    (float, "number"),
    (AnyUrl, "address"),
    (Path, "path"),
    (dict, "JSON object"),
    (tuple, "list"),
    (object, "text"),
)
"""How a value of each type is written; the first that fits."""
_LINK_KEY = "LINK_KEY__<FROM>__<TO>"


def settings(words: Words = None, *, as_json: AsJson = False) -> None:
    """Print every setting: its variable, the services that read it, its type, its default, its meaning."""
    print_table(list(declared_settings()), words, as_json=as_json, head=1, services=["services"])


def declared_settings() -> Iterator[dict[str, Any]]:
    """
    Yield the settings of all services, each once, in the order of their classes.

    Raises:
        CommandError: .env.example is missing, or does not explain a setting.
    """
    meanings = dict[str, str]()
    for variable, _, meaning in explained(EXPLAINED):
        meanings.setdefault(variable, meaning)  # of the keys for links, the first has it
    classes = {service.name: settings_class(service.name) for service in SERVICES}
    for name in dict.fromkeys(name for one in classes.values() for name in one.variables()):
        readers = [service for service, one in classes.items() if name in one.variables()]
        variable = _LINK_KEY if name == "link_key" else name.upper()
        if variable not in meanings:
            raise CommandError(f"{EXPLAINED} does not explain {variable}.")
        field = classes[readers[0]].model_fields.get(name)
        yield {
            "variable": variable,
            "services": readers,
            "type": _type(name, field),
            "required": field is not None and field.is_required(),
            "default": default_of(field),
            "secret": field is not None and is_secret(field.annotation),
            "meaning": meanings[variable],
        }


def explained(file: Path) -> Iterator[tuple[str, str, str]]:
    """
    Yield the variables in an example of an environment: name, value, and the comment above it.

    Variables without a line between them share a comment. NAME_FILE explains NAME.

    Raises:
        CommandError: The file cannot be read.
    """
    comment, ends = list[str](), False
    for line in _lines(file):
        if found := _VARIABLE.fullmatch(line):
            ends = True
            yield _name(found[1]), found[2], " ".join(comment)
        elif line.startswith("#") and not _MARK.match(line):
            if ends or line.startswith("# ---"):
                comment, ends = [], False
            if not line.startswith("# ---"):
                comment.append(line.removeprefix("# "))


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise CommandError(f"The meanings of settings are in {file}, which cannot be read: {error.strerror}.") from None


def _name(variable: str) -> str:
    return _LINK_KEY if variable.startswith("LINK_KEY__") else variable.removesuffix("_FILE")


def default_of(field: FieldInfo | None) -> str | None:
    """Return a default as it is written in the environment; None if there is none, or it depends on other settings."""
    if field is None:  # PRODUCTION, a flag
        return "false"
    if field.is_required() or field.default_factory_takes_validated_data or is_secret(field.annotation):
        return None
    default = field.get_default(call_default_factory=True)
    if default is None or default in ((), {}):
        return None
    return str(default).lower() if isinstance(default, bool) else str(default)


def _type(name: str, field: FieldInfo | None) -> str:
    if name == "link_key":  # each variable holds the keys of one link
        return "text"
    return type_of(field.annotation) if field else _FLAG


def type_of(annotation: Any) -> str:  # noqa: ANN401 - any type
    """Return how a value is written in the environment: ``integer``, or its choices as in ``strict | permissive``."""
    kind, parts = get_origin(annotation), [one for one in get_args(annotation) if one is not NoneType]
    if kind is Literal:
        return " | ".join(parts)
    if kind in (Annotated, Union, UnionType):
        return type_of(parts[0])
    return next(name for types, name in _TYPES if issubclass(kind or annotation, types))


def is_secret(annotation: Any) -> bool:  # noqa: ANN401 - any type
    """Whether a type is, or contains, a secret."""
    is_one = isinstance(annotation, type) and issubclass(annotation, SecretStr)
    return is_one or any(map(is_secret, get_args(annotation)))
