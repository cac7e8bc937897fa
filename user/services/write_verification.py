"""Writing the mail that asks to confirm an address."""

from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from chassis.postgres.database import Postgres
from user.mail import texts as mail_texts
from user.mail.mailer import Mail
from user.models import User
from user.names.identifiers import identifier_key
from user.tokens.email_tokens import Purpose, issue_email_token


async def write_verification(database: Postgres, user_id: UUID, email: str, app_url: str | None) -> Mail | None:
    """Write to the current or new address of a user; returns None, unnoticed, if it is another account's."""
    other = aliased(User)
    others = exists().where(other.email_key == identifier_key(email), other.id != user_id)
    # Locked: otherwise an account that is erased meanwhile would keep a token with its address.
    own = select(User.id).where(User.id == user_id, User.deleted_at.is_(None), ~others).with_for_update(read=True)
    async with database.transaction() as session:
        if await session.scalar(own) is None:
            return None
        token = await issue_email_token(session, user_id, Purpose.VERIFY, email)
    return mail_texts.verify_address(email, token, app_url)
