"""
Throttling of guesses and of mail, in the database, so that it counts across workers.

An attempt is counted before it is made, so a thousand concurrent guesses get no further than a thousand in sequence.
After the free attempts each one costs a wait that doubles, up to a cap; no account is locked for good.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.sql.elements import ColumnElement

from chassis.core import networks
from user.client import Client
from user.errors import TooManyAttempts
from user.models import Throttle
from user.names.identifiers import identifier_key

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
FORGET_AFTER = _DAY
"""How long after the last attempt a count may still matter, for every limit."""
_MOST_DOUBLINGS = 20
_NOW = func.clock_timestamp()
"""Not the start of the transaction: an attempt that waited for another one's lock must not get an earlier time."""


@dataclass(frozen=True, slots=True)
class Limit:
    """
    What is counted, and when it is slowed down.

    Args:
        name: The action: ``login``.
        by: What attempts are counted by: an account, a network, a recipient.
        free: How many attempts cost no wait.
        cap_s: The longest wait, seconds; shorter than ``forget_after``.
        first_s: The first wait, seconds.
        forget_after: How long after the last attempt the count resets; at most ``FORGET_AFTER``.
    """

    name: str
    by: str
    free: int
    cap_s: int
    first_s: int = 1
    forget_after: timedelta = _HOUR

    @property
    def key(self) -> bytes:
        """The key of the count."""
        return hashlib.sha256(f"{self.name}\0{self.by}".encode()).digest()


def guess_limit(name: str, account: str, client: Client) -> Limit:
    """Limit attempts on one account from one network: a stranger's guesses lock out only the stranger."""
    return Limit(f"{name} guess", f"{account}\0{network_of(client)}", free=5, cap_s=5 * 60)


def account_limit(name: str, account: str) -> Limit:
    """Limit attempts on one account from all networks, which also slows a guesser with many networks."""
    return Limit(f"{name} account", account, free=50, cap_s=5 * 60)


def address_limits(name: str, client: Client, free: int = 30) -> tuple[Limit, ...]:
    """
    Limit attempts from one address (of IPv6: from one /64, the size of a customer's network).

    A trusted program has no such limit, because it acts for many people.
    """
    if client.address is None:
        return ()
    return (Limit(f"{name} address", network_of(client), free, cap_s=15 * 60),)


def mail_limits(
    kind: str, client: Client, recipient: str, account: UUID | None, *, is_admin: bool = False
) -> tuple[Limit, ...]:
    """
    Limit mails by the account that causes them, by recipient and by the address of the request.

    The longest wait is the lifetime of a password reset token: while no mail is sent, the last one is still valid.

    Args:
        recipient: The address; the part after a ``+`` is ignored, because the same person reads it.
        account: None if no one is logged in.
        is_admin: The account acts for others, and may cause more mail.
    """
    free, cap_s, first_s = 100 if is_admin else 5, 30 * 60, 60
    by_account = Limit(f"{kind} mail account", str(account), free, cap_s, first_s, _DAY)
    by_recipient = Limit(f"{kind} mail recipient", _mailbox(recipient), 5, cap_s, first_s, _DAY)
    by_address = address_limits(f"{kind} mail", client, free=100 if is_admin else 30)
    return (*([by_account] if account else []), by_recipient, *by_address)


async def count_attempt(session: AsyncSession, *limits: Limit) -> None:
    """
    Count an attempt by each limit.

    Rows are locked in the order of the limits. Everywhere the account's limit comes before the address's limit, and
    rows of accounts are locked before both, so two attempts never deadlock.

    Raises:
        TooManyAttempts: One of the limits does not allow it yet; no limit counts it (429).
    """
    for limit in limits:
        if await session.scalar(_counted(limit)) is None:
            raise await _too_early(session, limit)


async def forgive_attempt(session: AsyncSession, *limits: Limit) -> None:
    """Uncount an attempt that turned out to be legitimate; rows are locked in the order in which they were counted."""
    values = {"attempts": func.greatest(Throttle.attempts - 1, 0), "blocked_until": _NOW}
    for limit in limits:
        await session.execute(update(Throttle).where(Throttle.key == limit.key).values(values))


async def reset_attempts(session: AsyncSession, *limits: Limit) -> None:
    """Reset the counts."""
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
    """Return a client's network; if the address is unknown, the trusted program that sent the request."""
    if client.address is None:
        return f"program {client.program}"
    return networks.network_of(client.address)


def _mailbox(recipient: str) -> str:
    local, _, domain = identifier_key(recipient).rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
