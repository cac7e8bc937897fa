from collections import defaultdict
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.queries.funnels import Walk
from chassis.core.types import new_id
from chassis.mongodb.database import Document, MotorDatabase
from tests.analytics.asking import Ask, count
from tests.analytics.counting import NOON, event
from tests.support.often import times

HOURS = {"since": "2026-11-20T10:00Z", "to": "2026-11-21T10:00Z"}
Seen = list[tuple[str, int]]
"""Types, and the seconds at which they happened, in order."""


def did(who: str, kind: str, seconds: int = 0) -> Document:
    """An event of a person, this many seconds after noon."""
    return event(NOON + timedelta(seconds=seconds), kind, user_id=who)


async def users(ask: Ask, *steps: str, window: int = 60) -> list[int]:
    """The number of people at each step."""
    answer = await ask("funnel", step=steps, window=window, **HOURS)
    assert [one["type"] for one in answer["steps"]] == list(steps)
    return [one["users"] for one in answer["steps"]]


async def test_people_are_counted_as_far_as_they_got(database: MotorDatabase, ask: Ask) -> None:
    """Each person counts once per step; a later step includes the earlier ones."""
    await count(database, did("ada", "a"), did("ada", "b", 1), did("ada", "c", 2), did("bob", "a"), did("bob", "b", 1))
    await count(database, did("eve", "a"), did("eve", "a", 1), did("eve", "c", 2), event(kind="a"))

    assert await users(ask, "a", "b", "c") == [3, 2, 1]


async def test_the_order_matters(database: MotorDatabase, ask: Ask) -> None:
    """An action before the previous step does not count."""
    await count(database, did("ada", "b"), did("ada", "a", 1))

    assert await users(ask, "a", "b") == [1, 0]


async def test_the_window_begins_with_any_first_step(database: MotorDatabase, ask: Ask) -> None:
    """A failed attempt does not affect a later one; a second too late is too late."""
    await count(
        database, did("ada", "a"), did("ada", "a", 100), did("ada", "b", 160), did("bob", "a"), did("bob", "b", 61)
    )

    assert await users(ask, "a", "b") == [2, 1]


async def test_the_window_is_that_of_all_steps(database: MotorDatabase, ask: Ask) -> None:
    """The third step must be within the window of the first, however soon after the second."""
    await count(database, did("ada", "a"), did("ada", "b", 40), did("ada", "c", 80))

    assert await users(ask, "a", "b", "c") == [1, 1, 0]


async def test_a_step_may_come_again(database: MotorDatabase, ask: Ask) -> None:
    """One event counts for one step only."""
    await count(database, did("ada", "a"), did("ada", "a", 1), did("bob", "a"))

    assert await users(ask, "a", "a") == [2, 1]


async def test_what_is_not_in_the_range_is_no_step(database: MotorDatabase, ask: Ask) -> None:
    """Events outside of the range do not count, even if the rest is inside."""
    await count(database, did("ada", "a", -3 * 3600), did("ada", "b", 0))

    assert await users(ask, "a", "b", window=86_400) == [0, 0]


async def test_many_people_are_told_apart(database: MotorDatabase, ask: Ask) -> None:
    """People are distinguished also when there are more events than the database returns at a time."""
    people = [str(new_id()) for _ in range(1200)]
    await count(database, *(did(who, "a") for who in people), *(did(who, "b", 1) for who in people[::2]))

    assert await users(ask, "a", "b") == [1200, 600]


def by_hand(steps: list[str], window: int, seen: Seen) -> int:
    """The number of steps, found by trying every choice of events."""
    return max(
        (
            number
            for number in range(1, len(steps) + 1)
            for chosen in combinations(seen, number)
            if [kind for kind, _ in chosen] == steps[:number] and chosen[-1][1] - chosen[0][1] <= window
        ),
        default=0,
    )


KINDS = st.sampled_from("abc")
SEEN = st.lists(st.tuples(KINDS, st.integers(0, 30)), max_size=9).map(lambda seen: sorted(seen, key=lambda one: one[1]))
STEPS = st.lists(KINDS, min_size=2, max_size=4)


@given(steps=STEPS, window=st.integers(1, 20), seen=SEEN)
def test_no_choice_of_events_gets_further(steps: list[str], window: int, seen: Seen) -> None:
    """One pass over a person's events finds as many steps as trying all choices."""
    walk = Walk(steps, timedelta(seconds=window))
    for kind, at in seen:
        walk.see(kind, NOON + timedelta(seconds=at))

    assert walk.reached == by_hand(steps, window, seen)


@settings(max_examples=times(8), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=STEPS,
    window=st.integers(1, 20),
    did_what=st.lists(
        st.tuples(st.sampled_from(["ada", "bob", "eve"]), KINDS, st.integers(0, 60)), unique_by=lambda one: one[2]
    ),
)
async def test_funnels_agree_with_a_model(
    database: MotorDatabase, ask: Ask, steps: list[str], window: int, did_what: list[tuple[str, str, int]]
) -> None:
    """With events in any order of arrival, each person gets as far as computed by hand."""
    for name in ("events", "arrivals", "minute_counts", "day_counts", "user_days"):
        await database[name].delete_many({})
    await count(database, *(did(*one) for one in did_what))
    people: dict[str, Seen] = defaultdict(list)
    for who, kind, at in sorted(did_what, key=lambda one: one[2]):
        people[who].append((kind, at))

    reached = [by_hand(steps, window, seen) for seen in people.values()]

    assert await users(ask, *steps, window=window) == [
        sum(number >= step for number in reached) for step in range(1, len(steps) + 1)
    ]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"step": ["a"]}, "invalid_request"),
        ({"step": list("abcdefg")}, "invalid_request"),
        ({"step": ["a", ""]}, "invalid_request"),
        ({"step": ["a", "b"], "window": 0}, "invalid_request"),
        ({"step": ["a", "b"], "window": 10**9}, "invalid_request"),
        ({"step": ["a", "b"], "since": "2026-11-20T00:00Z", "to": "2026-11-19T00:00Z"}, "range_is_empty"),
    ],
)
async def test_what_cannot_be_answered_is_refused(ask: Ask, values: dict[str, Any], code: str) -> None:
    """An invalid query is a 422 with the reason."""
    assert await ask.refusal("funnel", **values) == (422, code)
