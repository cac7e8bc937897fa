"""Common parts of the schemas of all services."""

from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

T = TypeVar("T")

Id = Annotated[UUID, Field(strict=False, examples=["0193b5a2-c7f0-7d5e-8a1b-3c4d5e6f7081"])]
"""An id in a request body; in JSON it is text."""
Moment = Annotated[AwareDatetime, Field(strict=False, examples=["2026-11-21T14:30:00Z"])]
"""A time in a request body: RFC 3339 with its offset."""


MOST_UNKNOWN = 10
"""How many unknown fields are named individually."""


class Body(BaseModel):
    """A request body: strict types (true is not 1), unknown fields refused."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _has_few_fields(cls, value: Any) -> Any:  # noqa: ANN401 - whatever is sent
        # First: pydantic creates an error for each unknown field, for 25,000 in 0.4 s of the event loop.
        if isinstance(value, dict) and len(value) > MOST_UNKNOWN and _has_too_many(cls, value):
            raise PydanticCustomError("too_many_fields", "Too many fields; the known ones are {known}", _known(cls))
        return value


def _has_too_many(form: type[BaseModel], fields: dict[str, Any]) -> bool:
    return form.model_config["extra"] == "forbid" and len(fields) > len(form.__pydantic_fields__) + MOST_UNKNOWN


def _known(form: type[BaseModel]) -> dict[str, str]:
    return {"known": ", ".join(field.alias or name for name, field in form.__pydantic_fields__.items())}


class Read(BaseModel):
    """A response body, read from a database row or a mapping."""

    model_config = ConfigDict(from_attributes=True)


class Page(Read, Generic[T]):
    """A page of a list."""

    items: list[T]
    next_cursor: str | None = Field(description="The value of `cursor` for the next page; null on the last page.")
