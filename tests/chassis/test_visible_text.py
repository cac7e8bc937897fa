from typing import Annotated

import pytest
from pydantic import BaseModel, ValidationError

from chassis.core.types import VISIBLE_LINE, VISIBLE_TEXT

INVISIBLE = [
    " ",
    "\u00a0",
    "\u200b\u200d",
    "\u3164",
    "\u115f",
    "\u2800",
    "\u0301",
    "\ufe0f",
    "\U000e0041",
    "\ue000",
    "\ufffc",
]
"""Nothing that a reader could see, of every kind."""


class Note(BaseModel):
    """A title and a text."""

    title: Annotated[str, VISIBLE_LINE] = "Title"
    text: Annotated[str, VISIBLE_TEXT] = ""


@pytest.mark.parametrize("field", ["title", "text"])
@pytest.mark.parametrize("value", [*INVISIBLE, "Tea\x07", "Tea\x00", "Tea\x85pot", "Tea\u202epot", "\u2066Tea"])
def test_what_nobody_can_see_is_refused(field: str, value: str) -> None:
    """Invisible text, control characters and direction overrides are refused."""
    with pytest.raises(ValidationError, match="must"):
        Note.model_validate({field: value})


@pytest.mark.parametrize(
    "value", ["Teapot", "®", "7", "茶", "क\u094d\u200dष", "\U0001f469\u200d\U0001f467", "a\u0301", "!"]
)
def test_what_can_be_seen_is_taken_as_it_is(value: str) -> None:
    """Joiners inside words and emoji are accepted."""
    assert Note(title=value, text=value) == Note.model_construct(title=value, text=value)


def test_only_text_may_have_lines_or_be_empty() -> None:
    """A title has one line; a text may have any number."""
    assert Note(text="One.\r\n\tTwo.\n").text == "One.\r\n\tTwo.\n"
    assert Note(text="").text == ""
    for title in ("", "One.\nTwo.", "One.\u2028Two."):
        with pytest.raises(ValidationError, match="must"):
            Note(title=title)
