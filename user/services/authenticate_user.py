"""Checking a name and a password."""

from sqlalchemy import or_, select

from chassis.auth.passwords import verify_password
from chassis.postgres import Postgres
from user.errors import InvalidCredentials
from user.models import User
from user.normalise import name_key
from user.schemas import Credentials


async def authenticate_user(database: Postgres, credentials: Credentials) -> User:
    """
    Find the account of a name (or e-mail address) and check its password, which takes long: no connection is held.

    Raises:
        InvalidCredentials: One of them is wrong (401).
    """
    key = name_key(credentials.username)
    async with database.transaction() as session:
        user = await session.scalar(select(User).where(or_(User.username_key == key, User.email_key == key)))
    # Hash even for unknown users, so timing does not reveal who has an account.
    password_hash = user.password_hash if user else None
    if not await verify_password(credentials.password.get_secret_value(), password_hash) or user is None:
        raise InvalidCredentials
    return user
