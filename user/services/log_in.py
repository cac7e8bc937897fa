"""Logging in."""

from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.postgres.database import Postgres
from user.audit import AuditKind, audit
from user.client import Client
from user.errors import InvalidCredentials
from user.familiar_networks import is_familiar, remember_network
from user.models import User
from user.names.identifiers import identifier_key
from user.password_hashing import hash_password, needs_rehash, verify_password
from user.schemas import Credentials, Token
from user.services.open_session import open_session
from user.throttle import (
    Limit,
    account_limit,
    address_limits,
    count_attempt,
    forgive_attempt,
    guess_limit,
    reset_attempts,
)
from user.tokens.issuer import TokenIssuer


async def log_in(database: Postgres, issuer: TokenIssuer, client: Client, credentials: Credentials) -> Token:
    """
    Check the password of a name (or e-mail address), which takes long and holds no connection, and begin a session.

    Raises:
        InvalidCredentials: Name or password are wrong, or the account is not active (401).
        TooManyAttempts: There were too many attempts on this account from this network, or from this network (429).
    """
    key, password = identifier_key(credentials.username), credentials.password.get_secret_value()
    async with database.transaction() as session:
        user = await session.scalar(select(User).where(or_(User.username_key == key, User.email_key == key)))
        limits = await _limits(session, user, key, client)
        await count_attempt(session, *limits)
    # Hash even for unknown users, so that the time does not reveal whether an account exists.
    is_right = await verify_password(password, user.password_hash if user else None)
    if user is None or not is_right or not user.is_active:
        await _note_failure(database, user, client)
        raise InvalidCredentials
    proven = await _upgrade_hash(database, user, password)
    async with database.transaction() as session:
        if unchanged := await _hold(session, user.id, proven):
            await _reset_failures(session, user.id, client, limits)
            audit(session, AuditKind.LOGGED_IN, client, user_id=user.id, actor_id=user.id)
            return await open_session(session, issuer, unchanged, client)
    # The password was changed in the meantime, or another login renewed its hash: the stored hash decides.
    return await log_in(database, issuer, client, credentials)


async def _hold(session: AsyncSession, user_id: UUID, password_hash: str | None) -> User | None:
    """
    Lock and return the account if it is active and still has this hash.

    The lock lasts until the end of the transaction, so a change of either sees, and ends, the new session.
    """
    query = select(User).where(User.id == user_id, User.password_hash == password_hash, User.is_active)
    return await session.scalar(query.with_for_update(read=True))


async def _note_failure(database: Postgres, user: User | None, client: Client) -> None:
    async with database.transaction() as session:
        audit(session, AuditKind.LOGIN_FAILED, client, user_id=user.id if user else None, actor_id=None)


async def _limits(session: AsyncSession, user: User | None, key: str, client: Client) -> tuple[Limit, ...]:
    """
    Return the limits of the attempt: by account (the same for its name and its address) and by network.

    Logins from familiar networks are counted separately, so that other networks cannot use up their attempts.
    """
    account = str(user.id) if user else key
    name = "familiar login" if await is_familiar(session, user, client) else "login"
    return guess_limit("login", account, client), account_limit(name, account), *address_limits(name, client)


async def _reset_failures(session: AsyncSession, user_id: UUID, client: Client, limits: tuple[Limit, ...]) -> None:
    guesses, *others = limits
    await reset_attempts(session, guesses)
    await forgive_attempt(session, *others)
    await remember_network(session, user_id, client)


async def _upgrade_hash(database: Postgres, user: User, password: str) -> str | None:
    """Renew a hash with outdated parameters, unless it has changed in the meantime; returns the account's hash."""
    old = user.password_hash
    if old is None or not needs_rehash(old):
        return old
    stronger = await hash_password(password)
    async with database.transaction() as session:
        statement = update(User).where(User.id == user.id, User.password_hash == old).values(password_hash=stronger)
        await session.execute(statement)
    return stronger
