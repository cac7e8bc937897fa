"""Taking the proof of an address."""

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from user.audit import AuditKind, audit
from user.client import Client
from user.email_tokens import Purpose, check_email_token, forget_email_tokens, spend_email_token
from user.normalise import name_key
from user.services.flush_names import flush_names
from user.services.get_user import get_user


async def confirm_email(session: AsyncSession, client: Client, token: str) -> str | None:
    """
    Make the address that a mail was sent to that of the account, and proved.

    Returns:
        The address that the account had before, if that was another one.

    Raises:
        InvalidEmailToken: Unknown, used or expired (400).
        EmailTaken: Another account has got this address meanwhile (409).
    """
    proof = await check_email_token(session, Purpose.VERIFY, token)
    # The account is locked before its tokens, as everywhere: two who do both never wait for each other.
    user = await get_user(session, proof.user_id, for_update=True)
    await spend_email_token(session, Purpose.VERIFY, token)
    before = user.email if name_key(user.email) != name_key(proof.email) else None
    user.email, user.email_key, user.email_verified_at = proof.email, name_key(proof.email), func.now()
    await flush_names(session)
    await forget_email_tokens(session, user.id)
    audit(session, AuditKind.EMAIL_VERIFIED, client, user_id=user.id, actor_id=user.id)
    return before
