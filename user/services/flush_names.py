"""Writing names and addresses, which are unique."""

from sqlalchemy import exists, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from user.errors import EmailTaken, UsernameTaken
from user.models import User


async def flush_names(session: AsyncSession, user: User) -> None:
    """
    Flush, and translate violated unique constraints; after an error the transaction is over.

    Raises:
        UsernameTaken: Another account has this name (409).
        EmailTaken: Another account has this address (409).
    """
    # The constraints decide. If both are taken, PostgreSQL reports the older one, which is that of the address.
    if await _has_taken_name(session, user):
        raise UsernameTaken
    try:
        await session.flush()
    except IntegrityError as error:
        taken = EmailTaken if "uq_users_email_key" in str(error.orig) else UsernameTaken
        raise taken from error


async def _has_taken_name(session: AsyncSession, user: User) -> bool:
    alike = or_(
        User.username_key == user.username_key,
        User.username_look == user.username_look,
        User.username_folded_look == user.username_folded_look,
    )
    with session.no_autoflush:
        return bool(await session.scalar(select(exists().where(alike, User.id != user.id))))
