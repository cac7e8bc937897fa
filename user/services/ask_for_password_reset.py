"""Asking for a new password."""

from chassis.postgres import Postgres
from user.client import Client
from user.normalise import name_key
from user.throttle import account_limit, address_limits, count_attempt


async def ask_for_password_reset(database: Postgres, client: Client, email: str) -> None:
    """
    Count the request, whether there is such an account or not.

    Raises:
        TooManyAttempts: For this address, or from this client (429).
    """
    limits = account_limit("reset", name_key(email)), *address_limits("reset", client)
    async with database.transaction() as session:
        await count_attempt(session, *limits)
