"""Asking for the mail that proves an address once more."""

from chassis.auth.tokens import Identity
from chassis.postgres import Postgres
from user.services.get_user import get_user
from user.throttle import account_limit, count_attempt


async def ask_for_verification(database: Postgres, me: Identity) -> str:
    """
    Count the request; returns the address that is to be proved.

    Raises:
        TooManyAttempts: For this account (429).
    """
    async with database.transaction() as session:
        await count_attempt(session, account_limit("verify", str(me.user_id)))
        return (await get_user(session, me.user_id)).email
