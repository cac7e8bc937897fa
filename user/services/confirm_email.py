"""Confirming an address."""

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from user.audit import AuditKind, audit
from user.client import Client
from user.mail.outgoing import OutgoingMail
from user.names.identifiers import set_email
from user.services.flush_names import flush_names
from user.services.get_user import get_user
from user.tokens.email_tokens import Purpose, check_email_token, delete_email_tokens, spend_email_token


async def confirm_email(session: AsyncSession, client: Client, mail: OutgoingMail, token: str) -> None:
    """
    Make the address of a mail the account's confirmed address; the previous address is notified.

    Raises:
        InvalidEmailToken: The token is unknown, used or expired (400).
        EmailTaken: Another account has this address in the meantime (409).
        TooManyAttempts: There were too many changes of the address (429).
    """
    proof = await check_email_token(session, Purpose.VERIFY, token)
    # The account is locked before its tokens, as everywhere, so that there are no deadlocks.
    user = await get_user(session, proof.user_id, for_update=True)
    await spend_email_token(session, Purpose.VERIFY, token)
    before, before_key = user.email, user.email_key
    set_email(user, proof.email)
    user.email_verified_at = func.now()
    await flush_names(session, user)
    if user.email_key != before_key:
        await mail.address_changed(session, before, by=user.id)
    await delete_email_tokens(session, user.id)
    audit(session, AuditKind.EMAIL_VERIFIED, client, user_id=user.id, actor_id=user.id)
