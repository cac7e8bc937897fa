"""
Throttling of what may be guessed, and of mail, held in the database, so that it is right across workers.

An attempt is counted before it is made: of a thousand guesses at once no more pass than one after the other. After the
free ones each costs a wait that doubles, up to a cap; nobody is locked out for good.
"""

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.sql.elements import ColumnElement

from user.client import Client
from user.errors import TooManyAttempts
from user.models import Throttle
from user.names.identifiers import identifier_key

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
FORGET_AFTER = _DAY
"""So long after the last attempt nothing is counted any more, by whatever limit."""
_MOST_DOUBLINGS = 20
_NOW = func.clock_timestamp()
"""Not when the transaction began: an attempt that has waited for another's must not come before it."""


@dataclass(frozen=True, slots=True)
class Limit:
    """
    What is counted, and when it is slowed down.

    Args:
        name: What is tried: ``login``.
        by: Whose attempts are counted together: an account, a network, a recipient.
        free: How many attempts cost no wait.
        cap_s: The longest wait, in seconds; shorter than what is remembered.
        first_s: The first wait, in seconds.
        forget_after: So long after the last attempt, counting begins anew; at most ``FORGET_AFTER``.
    """

    name: str
    by: str
    free: int
    cap_s: int
    first_s: int = 1
    forget_after: timedelta = _HOUR

    @property
    def key(self) -> bytes:
        """Under which it is counted."""
        return hashlib.sha256(f"{self.name}\0{self.by}".encode()).digest()


def guess_limit(name: str, account: str, client: Client) -> Limit:
    """Count what is tried on one account from one network: a stranger's guesses keep nobody out but the stranger."""
    return Limit(f"{name} guess", f"{account}\0{network_of(client)}", free=5, cap_s=5 * 60)


def account_limit(name: str, account: str) -> Limit:
    """Count what is tried on one account from everywhere, so that a guesser with many networks is slowed too."""
    return Limit(f"{name} account", account, free=50, cap_s=5 * 60)


def address_limits(name: str, client: Client, free: int = 30) -> tuple[Limit, ...]:
    """
    Count what comes from one address (of IPv6: from one /64, which one customer has).

    A trusted program has none to count by: it speaks for many people.
    """
    if client.address is None:
        return ()
    return (Limit(f"{name} address", network_of(client), free, cap_s=15 * 60),)


def mail_limits(
    kind: str, client: Client, recipient: str, account: UUID | None, *, is_admin: bool = False
) -> tuple[Limit, ...]:
    """
    Count a mail by the account that causes it, by its recipient and by the address of the request.

    The longest wait is as long as a token for a new password is good: where no mail is sent, the last one still helps.

    Args:
        recipient: Its address; what follows a ``+`` does not count, for one person reads all of that.
        account: None where nobody is logged in.
        is_admin: The account acts for others, and causes more mail.
    """
    free, cap_s, first_s = 100 if is_admin else 5, 30 * 60, 60
    by_account = Limit(f"{kind} mail account", str(account), free, cap_s, first_s, _DAY)
    by_recipient = Limit(f"{kind} mail recipient", _mailbox(recipient), 5, cap_s, first_s, _DAY)
    by_address = address_limits(f"{kind} mail", client, free=100 if is_admin else 30)
    return (*([by_account] if account else []), by_recipient, *by_address)


async def count_attempt(session: AsyncSession, *limits: Limit) -> None:
    """
    Count an attempt by each limit.

    Rows are locked in the order of the limits. Everywhere the account's comes before the address's, and those of
    accounts come before these, so that two attempts never wait for each other.

    Raises:
        TooManyAttempts: It comes too early by one of them, and is counted by none (429).
    """
    for limit in limits:
        if await session.scalar(_counted(limit)) is None:
            raise await _too_early(session, limit)


async def forgive_attempt(session: AsyncSession, *limits: Limit) -> None:
    """Take an attempt back that turned out to be right; rows are locked in the order in which they were counted."""
    values = {"attempts": func.greatest(Throttle.attempts - 1, 0), "blocked_until": _NOW}
    for limit in limits:
        await session.execute(update(Throttle).where(Throttle.key == limit.key).values(values))


async def reset_attempts(session: AsyncSession, *limits: Limit) -> None:
    """Begin to count anew."""
    for limit in limits:
        await session.execute(delete(Throttle).where(Throttle.key == limit.key))


def _counted(limit: Limit) -> ReturningInsert[tuple[int]]:
    attempts = case((Throttle.last_at < _NOW - limit.forget_after, 1), else_=Throttle.attempts + 1)
    first = {"key": limit.key, "attempts": 1, "last_at": _NOW, "blocked_until": _NOW}
    again = {"attempts": attempts, "last_at": _NOW, "blocked_until": _NOW + _wait(limit, attempts)}
    return (
        insert(Throttle)
        .values(first)
        .on_conflict_do_update(index_elements=[Throttle.key], set_=again, where=Throttle.blocked_until <= _NOW)
        .returning(Throttle.attempts)
    )


def _wait(limit: Limit, attempts: ColumnElement[int]) -> ColumnElement[timedelta]:
    doublings = func.least(attempts - limit.free, _MOST_DOUBLINGS)
    seconds = case((attempts < limit.free, 0), else_=func.least(limit.first_s * func.power(2, doublings), limit.cap_s))
    return func.make_interval(0, 0, 0, 0, 0, 0, seconds)


async def _too_early(session: AsyncSession, limit: Limit) -> TooManyAttempts:
    wait = func.ceil(func.extract("epoch", Throttle.blocked_until - _NOW))
    seconds = max(1, int(await session.scalar(select(wait).where(Throttle.key == limit.key)) or 1))
    message = f"Too many attempts. Try again in {seconds} s."
    return TooManyAttempts(message, headers={"Retry-After": str(seconds)})


def network_of(client: Client) -> str:
    """Name the network that a client is in; where no address is known, the trusted program that makes the request."""
    if client.address is None:
        return f"program {client.program}"
    try:
        parsed = ipaddress.ip_address(client.address)
    except ValueError:
        return client.address  # a test's or a proxy's name for a client
    if parsed.version == 4:  # noqa: PLR2004
        return str(parsed)
    mapped = parsed.ipv4_mapped  # as a socket for both versions writes IPv4
    return str(mapped or ipaddress.ip_network((parsed, 64), strict=False))


def _mailbox(recipient: str) -> str:
    local, _, domain = identifier_key(recipient).rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
