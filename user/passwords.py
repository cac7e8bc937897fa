"""Passwords that somebody chooses, and proofs that somebody knows one."""

from pydantic import SecretStr

from chassis.postgres.database import Postgres
from user.audit import AuditKind, audit
from user.client import Client
from user.errors import WrongPassword
from user.models import User
from user.password_hashing import check_strength, hash_password, verify_password
from user.throttle import account_limit, count_attempt, guess_limit, reset_attempts


async def hash_new_password(password: SecretStr, username: str, email: str) -> str:
    """
    Hash a password that somebody chose; takes long, so no connection is to be held meanwhile.

    Raises:
        WeakPassword: Common, or easily guessed from the name or address (422).
    """
    chosen = password.get_secret_value()
    await check_strength(chosen, username, email)
    return await hash_password(chosen)


async def prove_password(database: Postgres, client: Client, user: User, password: SecretStr) -> None:
    """
    Let only the owner go on: a stolen access token shall not be enough to take over an account.

    Raises:
        WrongPassword: It is not the account's (403).
        TooManyAttempts: On this account (429).
    """
    limits = guess_limit("password", str(user.id), client), account_limit("password", str(user.id))
    async with database.transaction() as session:
        await count_attempt(session, *limits)
    is_right = await verify_password(password.get_secret_value(), user.password_hash)
    async with database.transaction() as session:
        if is_right:
            await reset_attempts(session, *limits)
        else:
            audit(session, AuditKind.PASSWORD_REFUSED, client, user_id=user.id, actor_id=user.id)
    if not is_right:
        raise WrongPassword
