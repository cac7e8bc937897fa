"""Settings for the generation of models: ``orm/reflect.toml``, which may be missing."""

import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cli.errors import CommandError

FILE = "reflect.toml"
_Name = Annotated[str, Field(min_length=1)]


class Reflection(BaseModel):
    """
    What is reflected.

    Attributes:
        namespace: The schema, in PostgreSQL's sense.
        tables: The tables and views; None for all of them.
        keys: The columns that identify a row of a view or of a table without a primary key.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    namespace: _Name = Field("public", alias="schema")
    tables: Annotated[list[_Name], Field(min_length=1)] | None = None
    keys: dict[_Name, Annotated[list[_Name], Field(min_length=1)]] = {}


def read_reflection(file: Path) -> Reflection:
    """
    Read a reflect.toml; without one, everything in schema ``public`` is reflected.

    Raises:
        CommandError: It is wrong; the message says what to change.
    """
    where = "/".join(file.parts[-3:])
    try:
        return Reflection.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Reflection.model_validate({})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CommandError(f"{where} is not TOML: {error}.") from None
    except ValidationError as error:
        problems = (_sentence(where, one) for one in error.errors(include_url=False))
        raise CommandError("\n".join(problems)) from None


def _sentence(where: str, error: Any) -> str:  # noqa: ANN401 - an error of pydantic
    place = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{where}: there is no key '{place}'. The keys are schema, tables and keys."
    reason = str(error["msg"]).removeprefix("Input ").rstrip(".")
    return f"{where}: {place}: {reason}; it is {error['input']!r}."
