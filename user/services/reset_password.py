"""Setting a new password with the token from a mail."""

from sqlalchemy import func

from chassis.postgres.database import Postgres
from user.audit import AuditKind, audit
from user.client import Client
from user.familiar_networks import remember_network
from user.mail.outgoing import OutgoingMail
from user.passwords import hash_new_password
from user.schemas import PasswordReset
from user.services.get_user import get_user
from user.services.set_password import set_password
from user.throttle import account_limit, guess_limit, reset_attempts
from user.tokens.email_tokens import Purpose, check_email_token, spend_email_token


async def reset_password(database: Postgres, client: Client, mail: OutgoingMail, reset: PasswordReset) -> None:
    """
    Set a new password and end every session; this also confirms the address of the mail.

    Raises:
        InvalidEmailToken: The token is unknown, used or expired (400).
        WeakPassword: The password is common, or easily guessed (422); the token stays valid.
        TooManyAttempts: There were too many changes (429).
    """
    async with database.transaction() as session:
        proof = await check_email_token(session, Purpose.RESET, reset.token)
        user = await get_user(session, proof.user_id)
    password_hash = await hash_new_password(reset.password, user.username, user.email)
    async with database.transaction() as session:
        user = await get_user(session, proof.user_id, for_update=True)  # before its tokens, as everywhere
        await spend_email_token(session, Purpose.RESET, reset.token)
        if user.email == proof.email and user.email_verified_at is None:
            user.email_verified_at = func.now()
        await set_password(session, user.id, password_hash, because="password reset")
        await remember_network(session, user.id, client)  # lets an owner in who was locked out by others' guesses
        account = str(user.id)
        await reset_attempts(session, guess_limit("login", account, client), account_limit("familiar login", account))
        await mail.password_changed(session, user)
        audit(session, AuditKind.PASSWORD_RESET, client, user_id=user.id, actor_id=user.id)
