"""Hashing new passwords, and checking the current one."""

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
    Hash a new password. It takes long, so no connection should be held meanwhile.

    Raises:
        WeakPassword: It is common, or easily guessed from the name or address (422).
    """
    chosen = password.get_secret_value()
    await check_strength(chosen, username, email)
    return await hash_password(chosen)


async def prove_password(database: Postgres, client: Client, user: User, password: SecretStr) -> None:
    """
    Check the current password, for changes for which a stolen access token must not suffice.

    Raises:
        WrongPassword: It is not the account's password (403).
        TooManyAttempts: There were too many attempts on this account (429).
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
