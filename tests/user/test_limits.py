from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from chassis.postgres.database import Postgres
from tests.user.logins import change, prolong, read
from user.client import Client
from user.errors import TooManyAttempts
from user.models import Throttle
from user.throttle import (
    FORGET_AFTER,
    Limit,
    account_limit,
    address_limits,
    count_attempt,
    guess_limit,
    mail_limits,
)
from user.tokens.email_tokens import LIFETIMES, Purpose

HOME = Client("192.0.2.1")


async def count(database: Postgres, *limits: Limit) -> None:
    """Count an attempt in a transaction of its own."""
    async with database.transaction() as session:
        await count_attempt(session, *limits)


async def use_up(database: Postgres, limit: Limit) -> None:
    """Make all free attempts."""
    for _ in range(limit.free):
        await count(database, limit)
    await prolong(database, limit)


def at(address: str) -> Limit:
    """Return the limit of an address."""
    [limit] = address_limits("login", Client(address))
    return limit


async def test_other_addresses_are_not_slowed(database: Postgres) -> None:
    """A client that tries many names is slowed, and no other."""
    await use_up(database, at("192.0.2.1"))

    await count(database, at("192.0.2.2"))

    with pytest.raises(TooManyAttempts):
        await count(database, at("192.0.2.1"))


@pytest.mark.parametrize(
    ("limit", "waits"),
    [
        (guess_limit("login", "ada", HOME), [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]),
        (account_limit("login", "ada"), [0] * 49 + [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]),
        (at("192.0.2.1"), [0] * 29 + [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]),
        (mail_limits("reset", HOME, "ada@example.org", None)[0], [0, 0, 0, 0, 60, 120, 240, 480, 960, 1800, 1800]),
    ],
    ids=["guess", "account", "address", "mail"],
)
async def test_the_wait_doubles_up_to_a_cap(database: Postgres, limit: Limit, waits: list[int]) -> None:
    """Each attempt doubles the wait: for guesses up to 5 minutes, for addresses 15, for mails 30."""
    seen = []
    wait = func.round(func.extract("epoch", Throttle.blocked_until - Throttle.last_at))
    for _ in waits:
        await count(database, limit)
        seen += await read(database, select(wait))
        await change(database, update(Throttle).values(blocked_until=func.now()))

    assert seen == waits


async def test_a_refused_attempt_prolongs_nothing(database: Postgres) -> None:
    """Trying again too early does not extend the wait: no one can be kept out for good."""
    limit = guess_limit("login", "ada", HOME)
    await use_up(database, limit)
    before = await read(database, select(Throttle.blocked_until))

    with pytest.raises(TooManyAttempts):
        await count(database, limit)

    assert await read(database, select(Throttle.blocked_until)) == before


async def test_an_attempt_that_one_limit_refuses_is_counted_by_none(database: Postgres) -> None:
    """Attempts on a blocked account do not use up the attempts of the address."""
    account, address = guess_limit("login", "ada", HOME), at("192.0.2.1")
    await use_up(database, account)

    with pytest.raises(TooManyAttempts):
        await count(database, account, address)

    assert await read(database, select(Throttle).where(Throttle.key == address.key)) == []


@pytest.mark.parametrize(
    ("limit", "hours"),
    [(guess_limit("login", "ada", HOME), 1), (mail_limits("reset", HOME, "ada@example.org", None)[0], 24)],
    ids=["guess", "mail"],
)
async def test_after_a_while_counting_begins_anew(database: Postgres, limit: Limit, hours: int) -> None:
    """Guesses count for an hour, mails for a day."""
    for _ in range(5):
        await count(database, limit)
    past = func.now() - timedelta(hours=hours) + timedelta(minutes=1)
    await change(database, update(Throttle).values(last_at=past, blocked_until=past))
    await count(database, limit)
    assert await read(database, select(Throttle.attempts)) == [6]
    past = func.now() - timedelta(hours=hours, minutes=1)
    await change(database, update(Throttle).values(last_at=past, blocked_until=past))

    await count(database, limit)

    assert await read(database, select(Throttle.attempts)) == [1]


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8:0:0:ffff::2", True),
        ("2001:db8::1", "2001:DB8::1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("testclient", "testclient", True),
    ],
)
def test_an_address_is_counted_as_one_customer_has_it(one: str, other: str, is_same: bool) -> None:  # noqa: FBT001
    """An IPv6 /64 counts as one; an IPv4 address written as IPv6 is the same address."""
    assert (at(one).key == at(other).key) is is_same


def test_a_trusted_program_has_no_limit_of_its_address() -> None:
    """A trusted program has no limit for its address, since it acts for many people."""
    assert address_limits("login", Client(user_agent="service:client")) == ()


def test_a_mail_that_is_refused_is_one_whose_forerunner_is_still_good() -> None:
    """Requesting mails to a person's address cannot leave that person without a valid token."""
    limits = mail_limits("reset", HOME, "ada@example.org", None)

    assert (
        max(limit.cap_s for limit in limits) <= LIFETIMES[Purpose.RESET].total_seconds() < FORGET_AFTER.total_seconds()
    )


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("ada@example.org", "ADA+news@Example.ORG", True),
        ("ada@b\u00fccher.example", "ada@xn--bcher-kva.example", True),
        ("ada@example.org", "eve@example.org", False),
        ("ada@example.org", "ada@example.com", False),
    ],
)
def test_mails_are_counted_by_who_reads_them(one: str, other: str, is_same: bool) -> None:  # noqa: FBT001
    """All spellings of an address, and all its suffixes after a plus sign, are one recipient."""
    recipients = [mail_limits("reset", HOME, to, None)[0].key for to in (one, other)]

    assert (recipients[0] == recipients[1]) is is_same
