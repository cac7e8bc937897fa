"""Registering."""

from chassis.events import Announcer
from chassis.postgres import Postgres
from user.events import UserRegistered
from user.models import User
from user.schemas import UserCreate
from user.services.create_user import create_user


async def register_user(database: Postgres, announcer: Announcer, new: UserCreate) -> User:
    """
    Make an account for whoever asks, and announce it.

    Raises:
        UsernameTaken: Another account has this name (409).
        EmailTaken: Another account has this address (409).
    """
    user = await create_user(database, new, role="user")
    announcer.announce(UserRegistered(subject=user.id, user_id=user.id))
    return user
