"""Writes what of a service depends on its table: ``table.py`` and ``schemas.py``, which people edit afterwards."""

import builtins
from collections.abc import Iterable, Mapping

from cli.orm.names import assign, class_name
from cli.services.reflecting.forms import Form, form_of
from cli.services.reflecting.serving import Field, Served

_OF_CHASSIS = "AnyJson", "Body", "Day", "Id", "Read"
_OF_VALUES = (
    *("MISSING", "MOST_ITEMS", "BigInt", "Bytes", "BytesRead", "Float", "Int", "Json", "KeyText", "Number", "Numeric"),
    *("SmallInt", "Text", "Time", "Timestamp"),
)
_OTHERS = "Annotated", "Depends", "Field", "KeyInPath", "NamedTuple", "UUID", "Key", "Create", "Update"
_IMPORTS = f"""from datetime import date, datetime, time
from typing import Annotated, NamedTuple
from uuid import UUID

from fastapi import Depends
from pydantic import Field

from chassis.core.types import {", ".join(_OF_CHASSIS)}
from chassis.postgres.values import {", ".join(_OF_VALUES)}
from SERVICE.orm import tables
"""


def table_module(served: Served, service: str) -> str:
    """Return the text of ``table.py``; its lines are not wrapped."""
    model = served.model.__name__
    key = "".join(f"Model.{field.attribute}, " for field in served.key)
    columns = "\n".join(f'    "{field.name}": Model.{field.attribute},' for field in served.fields)
    return f'''"""The table that is served, and its columns by the names that they have in requests and answers."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import InstrumentedAttribute

from {service}.orm import tables

Model = tables.{model}
KEY: tuple[InstrumentedAttribute[Any], ...] = ({key})
"""The primary key."""
COLUMNS: Mapping[str, InstrumentedAttribute[Any]] = {{
{columns}
}}
"""The fields of an answer. What is left out here is not read."""
'''


def schemas_module(served: Served, service: str) -> str:
    """Return the text of ``schemas.py``; its imports may be unused, and its lines are not wrapped."""
    prefix = "".join(map(str.capitalize, service.split("_")))
    sent, aliases = _named(served, prefix)
    created = [f"{one.name}: {_created(one, sent[one.name])}" for one in served.fields if one.is_created]
    changed = [f"{one.name}: {_changed(one, sent[one.name])}" for one in served.fields if one.is_changed]
    read = [f"{one.name}: {_nullable(one, _form(one).read)}" for one in served.fields]
    parts = [
        f'"""Requests and answers, first written from the columns of ``{served.name}``."""',
        _IMPORTS.replace("SERVICE", service),
        "\n".join(aliases),
        _key(served, service, f"{prefix}Key", sent),
        _class(f"{prefix}Create(Body)", "A new one; missing fields get their defaults.", created),
        _class(f"{prefix}Update(Body)", "Changes; missing fields stay as they are.", changed),
        _class(f"{prefix}Read(Read)", "A row.", read),
    ]
    return "\n\n".join(parts)


def _named(served: Served, prefix: str) -> tuple[Mapping[str, str], list[str]]:
    """Return the types of what is sent, by field, and the lines that name those that are long."""
    sent = {field.name: _form(field).sent for field in served.fields if field.is_created or field.column.primary_key}
    long = [name for name, kind in sent.items() if "[" in kind]
    suffixes = ("Key", "Create", "Update", "Read")
    taken = {*_OF_CHASSIS, *_OF_VALUES, *_OTHERS, *(prefix + one for one in suffixes), *dir(builtins)}
    names = assign(((name, class_name(name)) for name in long), taken)
    return {**sent, **names}, [f"{names[name]} = {sent[name]}" for name in long]


def _key(served: Served, service: str, name: str, sent: Mapping[str, str]) -> str:
    """Return the primary key's class, and how it is read from a path."""
    of_path = {one.name: _in_path(one.name, service) for one in served.key}
    path = "".join(f"/{{{one}}}" for one in of_path.values())
    parameters = ", ".join(f"{of_path[one.name]}: {sent[one.name]}" for one in served.key)
    fields = [f"{one.name}: {_form(one).read}" for one in served.key]
    return f"""KEY_PATH = "{path}"
{_class(f"{name}(NamedTuple)", "The primary key.", fields)}

async def _key_in_path({parameters}) -> {name}:
    return {name}({", ".join(of_path.values())})


KeyInPath = Annotated[{name}, Depends(_key_in_path)]"""


def _in_path(name: str, service: str) -> str:
    """Return the name of a parameter: ``gift_card_id`` for ``id``, which is a function of Python."""
    return f"{service}_{name}" if name in dir(builtins) else name


def _class(name: str, about: str, fields: Iterable[str]) -> str:
    lines = "".join(f"    {field}\n" for field in fields)
    return f'\n\nclass {name}:\n    """{about}"""\n\n{lines}'


def _created(field: Field, kind: str) -> str:
    if field.column.nullable:
        return f"{kind} | None = None"
    return f"{kind} = MISSING" if field.is_made else kind


def _changed(field: Field, kind: str) -> str:
    return f"{kind} | None = None" if field.column.nullable else f"{kind} = MISSING"


def _nullable(field: Field, kind: str) -> str:
    return f"{kind} | None" if field.column.nullable and kind != "AnyJson" else kind


def _form(field: Field) -> Form:
    form = form_of(field.column)
    assert form  # served fields have one
    return form
