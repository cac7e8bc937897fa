"""Deleting one's own account."""

from pydantic import SecretStr

from chassis.auth.tokens import Identity
from chassis.postgres.database import Postgres
from user.client import Client
from user.passwords import prove_password
from user.services.erase_user import erase_user
from user.services.get_user import get_user


async def delete_profile(database: Postgres, client: Client, me: Identity, password: SecretStr) -> None:
    """
    Erase one's own account.

    Raises:
        WrongPassword: The password is wrong (403).
        LastAdmin: No admin would remain (409).
        TooManyAttempts: There were too many attempts at the password (429).
    """
    async with database.transaction() as session:
        user = await get_user(session, me.user_id)
    await prove_password(database, client, user, password)
    async with database.transaction() as session:
        await erase_user(session, client, user.id, actor_id=user.id)
