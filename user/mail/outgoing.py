"""Outgoing mail of a request: counted with its cause, written and sent after the answer."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import BackgroundTasks, Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.core.errors import ServiceUnavailable
from chassis.postgres.database import Database, Postgres
from user.client import Client, FromClient
from user.dependencies import parts_of
from user.mail import texts as mail_texts
from user.mail.mailer import Mail, Mailer, MailNotSent
from user.models import User
from user.services.write_password_reset import write_password_reset
from user.services.write_verification import write_verification
from user.throttle import count_attempt, mail_limits

log = structlog.get_logger(__name__)


class MailNotConfigured(ServiceUnavailable):
    """This deployment has no mail server (503)."""

    code = "mail_not_configured"
    message = "This deployment sends no mail: set SMTP_URL for the user service."


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """
    The outgoing mail of a request. A mail that cannot be sent is logged, and can be requested again.

    A mail is counted in the transaction that causes it, and sent after the answer. If the limit of the account, the
    recipient or the address of the request does not allow the mail, the whole transaction is refused.

    Attributes:
        mailer: None without a mail server; then no mail is sent.
        app_url: The base of links in mails; without it mails contain the token only.
        client: The client of the request.
    """

    mailer: Mailer | None
    app_url: str | None
    database: Postgres
    client: Client
    after: BackgroundTasks

    def require(self) -> None:
        """
        Refuse the request if mail cannot be sent.

        Raises:
            MailNotConfigured: There is no mail server (503).
        """
        if self.mailer is None:
            raise MailNotConfigured

    async def verify_address(
        self, session: AsyncSession, user_id: UUID, email: str, by: UUID | None, *, is_admin: bool = False
    ) -> None:
        """
        Send a mail that asks its reader to confirm that the address belongs to this person.

        Args:
            by: The account that causes it; None if not logged in.
            is_admin: Whether that account is an admin's, who acts for others.

        Raises:
            TooManyAttempts: There were too many such mails (429).
        """
        await self._count(session, "verify", email, by, is_admin=is_admin)
        self.after.add_task(self._write_verification, user_id, email)

    async def choose_password(
        self, session: AsyncSession, email: str, by: UUID | None, *, is_admin: bool = False
    ) -> None:
        """
        Send a mail that asks the owner of a new account to choose its password.

        Args:
            by: The account that created it.
            is_admin: Whether that account is an admin's.

        Raises:
            TooManyAttempts: There were too many such mails (429).
        """
        await self._count(session, "choose", email, by, is_admin=is_admin)
        self.after.add_task(self._write_password_reset, email, mail_texts.choose_password)

    async def reset_password(self, session: AsyncSession, email: str) -> None:
        """
        Send a mail for setting a new password to the owner of this address; counted whether there is an account or not.

        Raises:
            TooManyAttempts: There were too many such mails (429).
        """
        await self._count(session, "reset", email, None)
        self.after.add_task(self._write_password_reset, email, mail_texts.reset_password)

    async def password_changed(self, session: AsyncSession, user: User) -> None:
        """
        Notify the owner of an account, in case someone else changed the password.

        Raises:
            TooManyAttempts: There were too many such mails (429).
        """
        await self._count(session, "password changed", user.email, user.id)
        self.after.add_task(self._send, mail_texts.password_changed(user.email))

    async def address_changed(self, session: AsyncSession, before: str, by: UUID, *, is_admin: bool = False) -> None:
        """
        Notify the previous address of an account.

        Args:
            by: The account that changed it.
            is_admin: Whether that account is an admin's.

        Raises:
            TooManyAttempts: There were too many such mails (429).
        """
        await self._count(session, "address changed", before, by, is_admin=is_admin)
        self.after.add_task(self._send, mail_texts.address_changed(before))

    async def _count(
        self, session: AsyncSession, kind: str, to: str, by: UUID | None, *, is_admin: bool = False
    ) -> None:
        if self.mailer:
            await count_attempt(session, *mail_limits(kind, self.client, to, by, is_admin=is_admin))

    async def _write_verification(self, user_id: UUID, email: str) -> None:
        await self._send(await write_verification(self.database, user_id, email, self.app_url))

    async def _write_password_reset(self, email: str, text: mail_texts.WithToken) -> None:
        await self._send(await write_password_reset(self.database, email, self.app_url, text))

    async def _send(self, mail: Mail | None) -> None:
        if mail is None or self.mailer is None:
            return
        try:
            await self.mailer.send(mail)
        except MailNotSent as error:
            log.warning("mail not sent", subject=mail.subject, reason=str(error))


def no_mail(database: Postgres, client: Client) -> OutgoingMail:
    """Return an outgoing mail that sends nothing, for programs that change accounts."""
    return OutgoingMail(None, None, database, client, BackgroundTasks())


async def _mailing(request: Request, database: Database, client: FromClient, after: BackgroundTasks) -> OutgoingMail:
    parts = parts_of(request)
    app_url = parts.settings.app_url
    return OutgoingMail(parts.mailer, str(app_url).rstrip("/") if app_url else None, database, client, after)


Mailing = Annotated[OutgoingMail, Depends(_mailing)]
"""The outgoing mail of the request, as a dependency of a route."""
