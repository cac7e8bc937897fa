import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.ingestion.batch_json import Unreadable, read_batch
from chassis.core import json as strict_json

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5) | st.sampled_from(
    ['"', "\\", "],[", "}{"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXT,
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(TEXT, parts, max_size=3),
    max_leaves=8,
)
POISON = st.sampled_from(
    ["NaN", '{"a": [-Infinity, "]"]}', '"\\ud800"', '{"a": 1, "a": 2}', "[" * 300 + "]" * 300, "", "{]"]
)
AROUND = st.dictionaries(TEXT, VALUES, max_size=2)


def written(value: object) -> str:
    """JSON with spaces and line ends in between."""
    return json.dumps(value, indent=1)


@given(st.lists(VALUES, max_size=4), st.lists(VALUES, max_size=4), POISON, AROUND, AROUND)
async def test_an_item_spoils_only_itself(
    before: list[Any], after: list[Any], poison: str, first: dict[str, Any], last: dict[str, Any]
) -> None:
    """An invalid item is separated from any neighbours, with any texts in them, and any rest of the body."""
    items = ",".join([*map(written, before), poison, *map(written, after)])
    last = {name: value for name, value in last.items() if name not in first}
    members = [f"{written(name)}: {written(value)}" for name, value in first.items()]
    members += [f'"items" : [{items}]', *(f"{written(name)}: {written(value)}" for name, value in last.items())]

    alone = await read_batch(f" [{items}] ".encode(), None, 9)
    named = await read_batch(("{" + ",".join(members) + "}").encode(), "items", 9)

    if before or after or poison:
        bad = alone[len(before)]
        assert isinstance(bad, Unreadable)
        assert alone == [*before, bad, *after]
    else:
        assert alone == []
    assert named == {**first, "items": alone, **last}


@given(st.text(st.sampled_from('[]{},:"\\ \n1aN'), max_size=30))
async def test_whatever_comes_is_read_or_refused(text: str) -> None:
    """Every body is parsed strictly if possible, and no body causes an unexpected exception."""
    body = f'{{"items": [{text}]}}'.encode()
    try:
        strictly = strict_json.loads(body)
    except strict_json.InvalidJson:
        strictly = None
    try:
        batch = await read_batch(body, "items", 99)
    except strict_json.InvalidJson:
        assert strictly is None
    else:
        assert strictly is None or batch == strictly
        assert isinstance(batch["items"], list)


@pytest.mark.parametrize(
    "text", ['"' + '\\"' * 2**18, '"' * 2**18, "[" * 2**18, "[]" * 2**18, "," * 2**18, '"a":1,' * 2**17]
)
@pytest.mark.parametrize(("opening", "name"), [('{"x": ', "items"), ("{", "items"), ("[", None)])
async def test_no_body_takes_long(text: str, opening: str, name: str | None) -> None:
    """An unclosed bracket is scanned once, not once per character: the test ends."""
    with pytest.raises(strict_json.InvalidJson):
        await read_batch(f"{opening}{text}".encode(), name, 99)
