"""Requesting a new password."""

from sqlalchemy.ext.asyncio import AsyncSession

from user.mail.outgoing import OutgoingMail


async def ask_for_password_reset(session: AsyncSession, mail: OutgoingMail, email: str) -> None:
    """
    Send the mail if the account exists; the request is counted in any case.

    Raises:
        TooManyAttempts: There were too many requests for this address, or from this client (429).
    """
    await mail.reset_password(session, email)
