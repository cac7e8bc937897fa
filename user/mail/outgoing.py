"""The mails that a request causes: counted with their cause, written and sent when it has been answered."""

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
    """This deployment has no mail server."""

    code = "mail_not_configured"
    message = "This deployment sends no mail: set SMTP_URL of the user service."


@dataclass(frozen=True, slots=True)
class Post:
    """
    The request's outgoing mail. What cannot be sent is logged, and can be asked for again.

    A mail is counted in the transaction of what causes it, and sent after the answer: one that comes too early, by the
    account, the recipient or the address of the request, is refused together with its cause.

    Attributes:
        mailer: None where there is no mail server: nothing is sent then.
        app_url: Where the links in mails lead; without it they carry the token alone.
        client: Who makes the request.
    """

    mailer: Mailer | None
    app_url: str | None
    database: Postgres
    client: Client
    after: BackgroundTasks

    def require(self) -> None:
        """
        Say beforehand that no mail will come.

        Raises:
            MailNotConfigured: There is no mail server (503).
        """
        if self.mailer is None:
            raise MailNotConfigured

    async def verify_address(
        self, session: AsyncSession, user_id: UUID, email: str, by: UUID | None, *, is_admin: bool = False
    ) -> None:
        """
        Ask whoever reads the mail of an address to confirm that it is this person's.

        Args:
            by: The account that causes it; None for somebody who has not logged in.
            is_admin: It is an admin's, who acts for others.

        Raises:
            TooManyAttempts: Too many such mails (429).
        """
        await self._count(session, "verify", email, by, is_admin=is_admin)
        self.after.add_task(self._write_verification, user_id, email)

    async def reset_password(self, session: AsyncSession, email: str) -> None:
        """
        Let the owner of the account with this address set a new password; counted whether there is one or not.

        Raises:
            TooManyAttempts: Too many such mails (429).
        """
        await self._count(session, "reset", email, None)
        self.after.add_task(self._write_password_reset, email)

    async def password_changed(self, session: AsyncSession, user: User) -> None:
        """
        Tell the owner of an account, who may not have done it.

        Raises:
            TooManyAttempts: Too many such mails (429).
        """
        await self._count(session, "password changed", user.email, user.id)
        self.after.add_task(self._send, mail_texts.password_changed(user.email))

    async def address_changed(self, session: AsyncSession, before: str, by: UUID, *, is_admin: bool = False) -> None:
        """
        Tell the address that an account had before.

        Args:
            by: The account that has changed it.
            is_admin: It is an admin's.

        Raises:
            TooManyAttempts: Too many such mails (429).
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

    async def _write_password_reset(self, email: str) -> None:
        await self._send(await write_password_reset(self.database, email, self.app_url))

    async def _send(self, mail: Mail | None) -> None:
        if mail is None or self.mailer is None:
            return
        try:
            await self.mailer.send(mail)
        except MailNotSent as error:
            log.warning("mail not sent", subject=mail.subject, reason=str(error))


def no_mail(database: Postgres, client: Client) -> Post:
    """Give programs that change accounts what sends nothing."""
    return Post(None, None, database, client, BackgroundTasks())


async def _post(request: Request, database: Database, client: FromClient, after: BackgroundTasks) -> Post:
    parts = parts_of(request)
    app_url = parts.settings.app_url
    return Post(parts.mailer, str(app_url).rstrip("/") if app_url else None, database, client, after)


OutgoingMail = Annotated[Post, Depends(_post)]
"""The request's outgoing mail, as a route asks for it."""
