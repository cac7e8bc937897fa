"""Writing names and addresses, which are unique."""

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from user.errors import EmailTaken, UsernameTaken


async def flush_names(session: AsyncSession) -> None:
    """
    Flush, and translate violated unique constraints; after an error the transaction is over.

    Raises:
        UsernameTaken: Another account has this name (409).
        EmailTaken: Another account has this address (409).
    """
    try:
        await session.flush()
    except IntegrityError as error:
        taken = EmailTaken if "uq_users_email_key" in str(error.orig) else UsernameTaken
        raise taken from error
