"""Writing the mail for a forgotten password."""

from sqlalchemy import select

from chassis.postgres.database import Postgres
from user.mail import texts as mail_texts
from user.mail.mailer import Mail
from user.models import User
from user.names.identifiers import identifier_key
from user.tokens.email_tokens import Purpose, issue_email_token


async def write_password_reset(
    database: Postgres, email: str, app_url: str | None, text: mail_texts.WithToken
) -> Mail | None:
    """
    Write a mail with a token for setting a new password; returns None if no active account has this address.

    It is called after the request is answered, so neither the answer nor its time reveals whether there is an account.
    """
    account = select(User).where(User.email_key == identifier_key(email), User.is_active)
    async with database.transaction() as session:
        user = await session.scalar(account.with_for_update(read=True))  # as in write_verification
        if user is None:
            return None
        token = await issue_email_token(session, user.id, Purpose.RESET, user.email)
    return text(user.email, token, app_url)
