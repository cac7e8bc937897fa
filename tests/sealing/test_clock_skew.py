"""Clocks that differ: which messages are refused, what is logged, and which service is not ready."""

import re
from collections.abc import AsyncIterator
from time import time_ns

import httpx
import pytest
from prometheus_client import REGISTRY
from structlog.testing import CapturingLogger

from chassis.core.clock import RECENT_S, WARN_EVERY_S, ClockSkew
from chassis.core.errors import BadGateway
from chassis.dispatch.dispatcher import Dispatcher
from chassis.sealing.envelope import Envelope
from chassis.sealing.keys import load_links
from tests.chassis.auth.issuer import Clock
from tests.sealing.messages import KEY_ID, as_setting, send
from tests.sealing.tiny_sealed import MADE, THINGS, SealedTiny, serve_sealed_tiny

NOON_MS = 1_800_000_000_000


@pytest.fixture
async def tiny() -> AsyncIterator[SealedTiny]:
    """The tiny service, with a clock that a test moves."""
    async with serve_sealed_tiny() as tiny:
        yield tiny


@pytest.fixture
def clock() -> Clock:
    """Seconds, monotonic."""
    return Clock()


@pytest.fixture
def skew(clock: Clock) -> ClockSkew:
    """The clock comparison of a service, at noon."""
    return ClockSkew(lambda: NOON_MS, clock)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float]]:
    """Return what is logged of clocks: whose, and how far ahead."""
    told = list[tuple[str, float]]()

    class Log:
        def warning(self, _event: str, *, issuer: str, ahead_s: float) -> None:
            told.append((issuer, ahead_s))

    monkeypatch.setattr("chassis.core.clock.log", Log())
    return told


def refusals(issuer: str) -> float:
    """Return the number of refused messages."""
    return REGISTRY.get_sample_value("clock_refusals_total", {"issuer": issuer}) or 0.0


async def ready(tiny: SealedTiny) -> tuple[int, str]:
    """Return the status of readiness, and its detail about the clock."""
    async with httpx.AsyncClient(base_url=tiny.url) as client:
        answer = await client.get("/readyz")
    return answer.status_code, answer.json()["checks"]["clock"]


async def database_ahead(skew: ClockSkew, ahead_ms: int) -> None:
    """Compare with a database whose clock is this far ahead."""

    async def ask() -> int:
        return NOON_MS + ahead_ms

    await skew.compare(ask)


@pytest.mark.parametrize("ahead_ms", [-40_000, 10_000])
async def test_a_refusal_says_by_how_much(tiny: SealedTiny, told: list[tuple[str, float]], ahead_ms: int) -> None:
    """The receiver logs the difference to the sender's clock; the sender gets the answer that every forger gets."""
    tiny.clock.ahead_ms = -ahead_ms
    before = refusals("order")

    answer = await send(tiny.url, tiny.forge().valid())

    ((issuer, ahead_s),) = told
    assert issuer == "order"
    assert ahead_s == pytest.approx(ahead_ms / 1000, abs=2)
    assert (answer.status, answer.code, refusals("order") - before) == (401, "unauthenticated", 1)


def test_a_refusal_is_told_once_a_minute(skew: ClockSkew, clock: Clock, told: list[tuple[str, float]]) -> None:
    """One refusal a minute is logged for each issuer, however many there are; all are counted."""
    before = refusals("order"), refusals("user")
    for _ in range(10):
        skew.refusal("order", NOON_MS + 60_000)
        skew.refusal("user", NOON_MS - 60_000)
    clock.now += WARN_EVERY_S - 0.1
    skew.refusal("order", NOON_MS + 60_000)
    clock.now += 0.1
    skew.refusal("order", NOON_MS + 70_000)

    assert told == [("order", 60.0), ("user", -60.0), ("order", 70.0)]
    assert (refusals("order") - before[0], refusals("user") - before[1]) == (12, 10)


async def test_a_wrong_clock_is_no_forgery(
    tiny: SealedTiny, told: list[tuple[str, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal is logged once with its reason, whether that is the clock or another."""
    log = CapturingLogger()
    monkeypatch.setattr("chassis.sealing.server.log", log)

    await send(tiny.url, tiny.forge().message(late_ms=60_000).wire)
    await send(tiny.url, tiny.forge().valid().setting(KEY_ID, "k9"))

    assert [issuer for issuer, _ in told] == ["order"]
    assert [call.kwargs for call in log.calls] == [
        {"reason": "unknown caller or key id", "caller": "order", "key_id": "k9"}
    ]


@pytest.mark.parametrize(
    ("ahead_ms", "is_ahead"), [(-60_000, False), (0, False), (5_000, False), (5_001, True), (60_000, True)]
)
def test_a_token_may_be_5_s_ahead(
    skew: ClockSkew, told: list[tuple[str, float]], ahead_ms: int, *, is_ahead: bool
) -> None:
    """A token more than 5 s ahead is logged and counted with its issuer; its maximum age is not checked here."""
    before = refusals("user")

    assert skew.is_ahead("user", NOON_MS + ahead_ms) is is_ahead
    assert (len(told), refusals("user") - before) == (is_ahead, is_ahead)


@pytest.mark.parametrize(
    ("ahead_ms", "said"),
    [
        (0, None),
        (5_000, None),
        (-5_000, None),
        (5_001, "its clock seems 5.0 s ahead of ours"),
        (-5_001, "its clock seems 5.0 s behind ours"),
    ],
)
def test_a_clock_nobody_vouches_for_may_be_5_s_off(skew: ClockSkew, ahead_ms: int, said: str | None) -> None:
    """A clock that no peer confirms may differ by 5 s in both directions, as for messages."""
    assert skew.difference(NOON_MS + ahead_ms) == said


async def test_the_database_has_answered_half_way(clock: Clock) -> None:
    """The database's time is compared with the middle of the query's duration, in seconds."""
    now_ms = iter([NOON_MS, NOON_MS + 400])
    skew = ClockSkew(lambda: next(now_ms), clock)

    await database_ahead(skew, -60_000)

    assert REGISTRY.get_sample_value("clock_ahead_of_database_seconds") == 60.2
    assert skew.fault() == "60.2 s ahead of the database's"


@pytest.mark.parametrize("ahead_ms", [60_000, -60_000])
async def test_a_caller_learns_that_clocks_differ(tiny: SealedTiny, ahead_ms: int) -> None:
    """The call fails with an error about the clocks, whichever is ahead, and has no effect; a Date may be late."""
    own = Envelope(
        "order", load_links("order", as_setting(tiny.keys), {"tiny"}), lambda: time_ns() // 1_000_000 + ahead_ms
    )
    dispatcher = Dispatcher({"tiny": tiny.url}, own)
    try:
        with pytest.raises(BadGateway, match=r"its clock seems (5[5-9]|6[0-5])\.\d s (behind|ahead of) ours") as failed:
            await dispatcher.send("tiny", "POST", f"{THINGS}/service", json={"name": "cup"})
    finally:
        await dispatcher.aclose()

    assert ("behind" if ahead_ms > 0 else "ahead of") in failed.value.message
    assert MADE == []


async def test_an_answer_from_another_time_says_so(tiny: SealedTiny) -> None:
    """A caller that is 10 s behind has its request accepted and refuses the answer; its error has the difference."""
    own = Envelope(
        "order", load_links("order", as_setting(tiny.keys), {"tiny"}), lambda: time_ns() // 1_000_000 - 10_000
    )
    dispatcher = Dispatcher({"tiny": tiny.url}, own)
    try:
        with pytest.raises(BadGateway, match=r"its clock is (9\.9|10\.\d) s ahead of ours"):
            await dispatcher.send("tiny", "POST", f"{THINGS}/service", json={"name": "cup"})
    finally:
        await dispatcher.aclose()


@pytest.mark.parametrize("ahead_ms", [6_000, -6_000])
async def test_a_service_with_a_wrong_clock_is_not_ready(tiny: SealedTiny, ahead_ms: int) -> None:
    """If neither the database nor a peer agrees with its clock, a service is not ready until it is corrected."""
    skew = tiny.app.state.application.envelope.skew
    skew.now_ms = lambda: time_ns() // 1_000_000 + ahead_ms

    wrong = await ready(tiny)
    skew.now_ms = lambda: time_ns() // 1_000_000
    right = await ready(tiny)

    side = "ahead of" if ahead_ms > 0 else "behind"
    assert (wrong[0], right) == (503, (200, "up"))
    assert re.fullmatch(rf"down \([56]\.\d s {side} the database's\)", wrong[1])


@pytest.mark.parametrize(("ahead_ms", "is_ready"), [(5_000, True), (-5_000, True), (5_001, False), (-5_001, False)])
async def test_the_tolerance_is_that_of_messages(skew: ClockSkew, ahead_ms: int, *, is_ready: bool) -> None:
    """A difference of up to 5 s is accepted."""
    await database_ahead(skew, ahead_ms)

    assert (skew.fault() is None) == is_ready


async def test_a_peer_that_agrees_speaks_for_the_clock(skew: ClockSkew, clock: Clock) -> None:
    """If only the database's clock differs, the service is ready while some peer has agreed within a minute."""
    await database_ahead(skew, 60_000)
    skew.refusal("user", NOON_MS + 60_000)
    skew.refusal("order", NOON_MS + 4_000)
    agreed = skew.fault()
    clock.now += RECENT_S - 0.1
    recently = skew.fault()
    clock.now += 0.1
    long_ago = skew.fault()

    assert (agreed, recently) == (None, None)
    assert long_ago == "60.0 s behind the database's"


async def test_peers_that_all_differ_speak_against_the_clock(skew: ClockSkew) -> None:
    """A peer that agreed a moment ago, and now differs, no longer counts."""
    await database_ahead(skew, 60_000)
    skew.refusal("user", NOON_MS)
    skew.refusal("user", NOON_MS + 60_000)

    assert skew.fault()


async def test_peers_alone_make_no_service_unready(skew: ClockSkew) -> None:
    """While the database agrees, the peer's clock is wrong, and this service stays ready."""
    await database_ahead(skew, 0)
    skew.refusal("user", NOON_MS + 60_000)

    assert skew.fault() is None
