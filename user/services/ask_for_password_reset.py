"""Asking for a new password."""

from sqlalchemy.ext.asyncio import AsyncSession

from user.mail.outgoing import Post


async def ask_for_password_reset(session: AsyncSession, post: Post, email: str) -> None:
    """
    Send the mail, if there is such an account; the request is counted in any case.

    Raises:
        TooManyAttempts: For this address, or from this client (429).
    """
    await post.reset_password(session, email)
