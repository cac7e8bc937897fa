"""Reading pages of the content's benchmark, which is not run here."""

import orjson
import pytest

from benchmarks.scenarios.content.peer import LENGTH
from benchmarks.scenarios.content.reader import NotRead, rows_of

ROWS = [{"id": str(number)} for number in range(LENGTH)]


@pytest.mark.parametrize("answer", [{"items": ROWS, "next_cursor": None}, ROWS])
def test_a_page_of_any_side_is_read(answer: object) -> None:
    """Ours has its rows in an object, the peers' are a list."""
    assert rows_of(200, orjson.dumps(answer)) == ROWS


@pytest.mark.parametrize(
    ("status", "answer"), [(200, ROWS[1:]), (200, {"items": []}), (503, {"code": "overloaded"}), (503, ROWS)]
)
def test_what_is_no_whole_page_is_an_error(status: int, answer: object) -> None:
    """So a side that answers faster with less fails."""
    with pytest.raises(NotRead):
        rows_of(status, orjson.dumps(answer))
