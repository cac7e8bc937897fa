"""Routes to confirm an address and to replace a forgotten password. No answer reveals whether an account exists."""

from fastapi import Response

from chassis.core.problems import documented
from chassis.dependencies import PERSON, CurrentUser
from chassis.idempotency.kinds import UNREPEATABLE
from chassis.postgres.database import Database, Session
from chassis.sealing.access import optional
from chassis.web.routing import service_router
from user.client import FromClient
from user.errors import EmailTaken, InvalidEmailToken, TooManyAttempts
from user.mail.outgoing import Mailing, MailNotConfigured
from user.password_hashing import WeakPassword
from user.schemas import EmailAddress, EmailConfirmation, PasswordReset
from user.services.ask_for_password_reset import ask_for_password_reset
from user.services.ask_for_verification import ask_for_verification
from user.services.confirm_email import confirm_email
from user.services.reset_password import reset_password

router = service_router("users", "recovery", "Confirming an e-mail address, and replacing a forgotten password.")


@router.post(
    "/email-verification",
    access=optional(),
    auth=PERSON,
    idempotency=UNREPEATABLE,
    status_code=202,
    response_class=Response,
    responses=documented(TooManyAttempts, MailNotConfigured),
)
async def ask_for_proof(user: CurrentUser, session: Session, mail: Mailing) -> None:
    """Send another mail that asks to confirm one's address."""
    mail.require()
    await ask_for_verification(session, mail, user)


@router.post(
    "/email-verification/confirm",
    access=optional(),
    idempotency=UNREPEATABLE,
    status_code=204,
    responses=documented(InvalidEmailToken, EmailTaken, TooManyAttempts),
)
async def confirm_address(body: EmailConfirmation, session: Session, client: FromClient, mail: Mailing) -> None:
    """Confirm an address with the token from the mail."""
    await confirm_email(session, client, mail, body.token)


@router.post(
    "/password-reset",
    access=optional(),
    idempotency=UNREPEATABLE,
    status_code=202,
    response_class=Response,
    responses=documented(TooManyAttempts, MailNotConfigured),
)
async def ask_for_new_password(body: EmailAddress, session: Session, mail: Mailing) -> None:
    """Send a mail for setting a new password, if there is an account with this address."""
    mail.require()
    await ask_for_password_reset(session, mail, body.email)


@router.post(
    "/password-reset/confirm",
    access=optional(),
    idempotency=UNREPEATABLE,
    status_code=204,
    responses=documented(InvalidEmailToken, WeakPassword, TooManyAttempts),
)
async def set_new_password(body: PasswordReset, database: Database, client: FromClient, mail: Mailing) -> None:
    """Set a new password with the token from the mail. Every session ends."""
    await reset_password(database, client, mail, body)
