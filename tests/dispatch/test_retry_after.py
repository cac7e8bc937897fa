"""How long a caller waits when a service says when to come back."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chassis.core.errors import ServiceUnavailable
from chassis.dispatch.errors import Refusal
from chassis.dispatch.retry import retry_after
from chassis.dispatch.transport import Answer
from tests.support.scripted_transport import OK, PATH, answers, dispatcher_to


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("said", ["1", "5"])
async def test_retry_after_is_kept_to(status: int, said: str) -> None:
    """A Retry-After longer than the jitter is the wait."""
    dispatcher, peer = dispatcher_to(answers(status, {"retry-after": said}), OK)

    await dispatcher.send("product", "GET", PATH)

    assert peer.time.sleeps == [float(said)]


async def test_retry_after_may_be_a_date() -> None:
    """A date stands for the seconds until then."""
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=4), usegmt=True)
    dispatcher, peer = dispatcher_to(answers(503, {"retry-after": date}), OK)

    await dispatcher.send("product", "GET", PATH)

    assert 2 < peer.time.sleeps[0] <= 4


@pytest.mark.parametrize(
    "said",
    ["0", "-1", "soon", "", "1.5", "Sat, 99 Nov 2026 09:00:00 GMT", "Sat, 21 Nov 2020 09:00:00 GMT", "²"],
)
async def test_a_retry_after_that_says_nothing_is_ignored(said: str) -> None:
    """With zero, an invalid value or a past date the wait is the jitter."""
    dispatcher, peer = dispatcher_to(answers(503, {"retry-after": said}), OK)

    await dispatcher.send("product", "GET", PATH)

    assert peer.time.sleeps[0] <= 0.1


@pytest.mark.parametrize(("said", "timeout"), [("6", 30), ("3600", 30), ("2", 1.5), ("2", 2.0), ("9" * 400, 30)])
async def test_a_retry_after_that_is_too_long_is_passed_on(said: str, timeout: float) -> None:
    """With a Retry-After over 5 s, or past the deadline, the call fails at once and passes it on."""
    dispatcher, peer = dispatcher_to(answers(503, {"retry-after": said}), OK)

    with pytest.raises(ServiceUnavailable) as failed:
        await dispatcher.send("product", "GET", PATH, timeout=timeout)

    assert failed.value.headers["Retry-After"] == said
    assert (len(peer.seen), peer.time.sleeps) == (1, [])


DAYS = st.datetimes().map(format_datetime)
PIECES = st.sampled_from(
    ["Sat, 21 Nov", "2026", "0001", "9999", "09:00:00", "GMT", "-0000", "+9999", "+2359", "1", "9" * 30]
)


@given(st.text() | DAYS | st.lists(PIECES).map(" ".join))
@example("Sat, 21 Nov 2026 09:00:00 +" + "9" * 20)
@example("Mon, 01 Jan 0001 00:00:00 -0000")
@example("Fri, 31 Dec 9999 23:59:59 -0000")
def test_no_retry_after_breaks_the_caller(said: str) -> None:
    """Any header is read as a number of seconds, or ignored."""
    seconds = retry_after(Refusal(Answer(503, {"retry-after": said}, b"")))

    assert seconds is None or seconds >= 0
