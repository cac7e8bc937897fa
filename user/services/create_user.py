"""Making an account."""

from sqlalchemy.ext.asyncio import AsyncSession

from user.models import User
from user.normalise import name_key
from user.schemas import UserCreate
from user.services.flush_names import flush_names


async def create_user(session: AsyncSession, new: UserCreate, password_hash: str, role: str) -> User:
    """
    Store an account.

    Raises:
        UsernameTaken: Another account has this name (409).
        EmailTaken: Another account has this address (409).
    """
    user = User(
        username=new.username,
        username_key=name_key(new.username),
        email=new.email,
        email_key=name_key(new.email),
        password_hash=password_hash,
        role=role,
    )
    session.add(user)
    await flush_names(session)
    return user
