"""Requesting another mail to confirm an address."""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth.tokens import Identity
from user.mail.outgoing import OutgoingMail
from user.services.get_user import get_user


async def ask_for_verification(session: AsyncSession, mail: OutgoingMail, me: Identity) -> None:
    """
    Send the mail to the address of the account.

    Raises:
        TooManyAttempts: There were too many requests for this account or address, or from this client (429).
    """
    email = (await get_user(session, me.user_id)).email
    await mail.verify_address(session, me.user_id, email, by=me.user_id)
