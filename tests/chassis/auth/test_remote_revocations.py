import asyncio

import pytest
from structlog.testing import CapturingLogger

from chassis.auth import remote
from chassis.auth.remote import KEEP_S, RETRY_S, REVOCATIONS_EVERY_S, REVOCATIONS_TIMEOUT_S, RemoteRevocations
from chassis.auth.tokens import LIFETIME_S
from chassis.core.errors import DeadlineExceeded, ServiceUnavailable
from chassis.core.lifecycle import JITTER
from chassis.core.types import new_id
from tests.chassis.auth.issuer import Clock, Issuer

LATER = "2026-11-21T12:00:02Z"
MALFORMED: list[object] = [
    None,
    {},
    [],
    {"sessions": "none", "until": LATER},
    {"sessions": ["ada"], "until": LATER},
    {"sessions": []},
]


@pytest.fixture
def revocations(issuer: Issuer, clock: Clock) -> RemoteRevocations:
    """The issuer's revocations, as another service fetches them."""
    return RemoteRevocations(issuer, "user", clock)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> CapturingLogger:
    """The log lines about fetching."""
    captured = CapturingLogger()
    monkeypatch.setattr(remote, "log", captured)
    return captured


async def test_the_list_is_fetched_before_the_first_answer(revocations: RemoteRevocations, issuer: Issuer) -> None:
    """Many requests at once wait for a single fetch, and later ones cause no fetch."""
    revoked, other = new_id(), new_id()
    issuer.revoke(revoked)

    answers = await asyncio.gather(*(revocations.is_revoked(session) for session in (revoked, other) * 10))
    later = await revocations.is_revoked(revoked)

    assert answers == [True, False] * 10
    assert later
    assert issuer.asked == 1


async def test_a_revocation_arrives_with_the_next_refresh(revocations: RemoteRevocations, issuer: Issuer) -> None:
    """A session that is revoked at any time stays revoked."""
    session = new_id()
    assert not await revocations.is_revoked(session)
    issuer.revoke(session)

    await revocations.refresh()
    arrived = await revocations.is_revoked(session)
    issuer.revoke()
    await revocations.refresh()

    assert arrived
    assert await revocations.is_revoked(session)


async def test_what_has_been_told_is_not_asked_for_again(revocations: RemoteRevocations, issuer: Issuer) -> None:
    """Each fetch continues where the last answer ended, by the issuer's clock and to the microsecond."""
    await revocations.refresh()
    issuer.revoke(until=LATER)
    await revocations.refresh()
    issuer.failure = ServiceUnavailable()
    await revocations.refresh()
    issuer.failure = None
    await revocations.refresh()

    assert issuer.since == [
        None,
        {"since": "2026-11-21T12:00:00.123456+00:00"},
        {"since": "2026-11-21T12:00:02+00:00"},
    ]


def test_a_revocation_arrives_within_5_seconds() -> None:
    """The longest pause and the slowest answer together take less than 5 seconds."""
    assert REVOCATIONS_EVERY_S * (1 + JITTER) + REVOCATIONS_TIMEOUT_S < 5


@pytest.mark.parametrize(("passed_s", "is_kept"), [(LIFETIME_S, True), (20 * 60 - 1, True), (20 * 60, False)])
async def test_a_revocation_is_kept_for_20_minutes(
    revocations: RemoteRevocations, issuer: Issuer, clock: Clock, passed_s: float, *, is_kept: bool
) -> None:
    """A revocation is kept until the session's last token has expired; memory does not grow, even in an outage."""
    session = new_id()
    issuer.revoke(session)
    await revocations.refresh()
    issuer.failure = ServiceUnavailable()

    clock.now += passed_s
    await revocations.refresh()

    assert await revocations.is_revoked(session) is is_kept


async def test_a_revocation_told_twice_is_kept_from_the_second_time(
    revocations: RemoteRevocations, issuer: Issuer, clock: Clock
) -> None:
    """A revocation that two overlapping answers contain is kept from the second time on."""
    session = new_id()
    issuer.revoke(session)
    await revocations.refresh()
    clock.now += KEEP_S - 1
    await revocations.refresh()
    issuer.revoke()

    clock.now += 2
    await revocations.refresh()

    assert await revocations.is_revoked(session)


@pytest.mark.parametrize("failure", [ServiceUnavailable(), DeadlineExceeded()], ids=repr)
async def test_the_list_is_kept_while_the_issuer_is_down(
    revocations: RemoteRevocations, issuer: Issuer, failure: Exception
) -> None:
    """While the issuer is down revoked sessions stay revoked, and other tokens are accepted."""
    revoked, other = new_id(), new_id()
    issuer.revoke(revoked)
    await revocations.refresh()
    issuer.failure = failure

    await revocations.refresh()

    assert await revocations.is_revoked(revoked)
    assert not await revocations.is_revoked(other)


@pytest.mark.parametrize("answer", MALFORMED, ids=repr)
async def test_a_malformed_list_counts_like_no_answer(
    revocations: RemoteRevocations, issuer: Issuer, answer: object
) -> None:
    """A malformed answer of the issuer removes no revocation."""
    revoked = new_id()
    issuer.revoke(revoked)
    await revocations.refresh()
    issuer.revoked = answer

    await revocations.refresh()

    assert await revocations.is_revoked(revoked)


async def test_without_a_list_no_token_is_accepted(
    revocations: RemoteRevocations, issuer: Issuer, clock: Clock
) -> None:
    """Until the list is first fetched tokens are answered 503, with one fetch a second; after the outage they work."""
    issuer.failure = ServiceUnavailable()

    for passed_s in (0.0, RETRY_S - 0.1, 0.1):
        clock.now += passed_s
        answers = await asyncio.gather(*(revocations.is_revoked(new_id()) for _ in range(5)), return_exceptions=True)
        assert {type(answer) for answer in answers} == {ServiceUnavailable}
    assert issuer.asked == 2

    issuer.failure = None
    clock.now += RETRY_S
    assert not await revocations.is_revoked(new_id())


async def test_an_outage_is_logged_at_its_beginning_and_end(
    log: CapturingLogger, revocations: RemoteRevocations, issuer: Issuer
) -> None:
    """A refresh every 2 s does not fill the log."""
    for failure in (None, ServiceUnavailable("down"), ServiceUnavailable("down"), None, None):
        issuer.failure = failure
        await revocations.refresh()

    assert [call.args[0] for call in log.calls] == ["background fetch failed", "background fetch recovered"]
    assert log.calls[0].kwargs == {"what": "revoked sessions of user", "reason": "down"}
