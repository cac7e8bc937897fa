"""The mails that a request causes: written and sent when it has been answered."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import BackgroundTasks, Depends, Request

from chassis.errors import ServiceUnavailable
from chassis.postgres import Database, Postgres
from user import mail_texts
from user.mail import Mail, Mailer, MailNotSent
from user.services.write_password_reset import write_password_reset
from user.services.write_verification import write_verification

log = structlog.get_logger(__name__)


class MailNotConfigured(ServiceUnavailable):
    """This deployment has no mail server."""

    code = "mail_not_configured"
    message = "This deployment sends no mail: set SMTP_URL of the user service."


@dataclass(frozen=True, slots=True)
class Post:
    """
    The request's outgoing mail. What cannot be sent is logged, and can be asked for again.

    Attributes:
        mailer: None where there is no mail server: nothing is sent then.
        app_url: Where the links in mails lead; without it they carry the token alone.
    """

    mailer: Mailer | None
    app_url: str | None
    database: Postgres
    after: BackgroundTasks

    def require(self) -> None:
        """
        Say beforehand that no mail will come.

        Raises:
            MailNotConfigured: There is no mail server (503).
        """
        if self.mailer is None:
            raise MailNotConfigured

    def verify_address(self, user_id: UUID, email: str) -> None:
        """Ask whoever reads the mail of an address to confirm that it is this person's."""
        self.after.add_task(self._write_verification, user_id, email)

    def reset_password(self, email: str) -> None:
        """Let the owner of the account with this address set a new password."""
        self.after.add_task(self._write_password_reset, email)

    def password_changed(self, email: str) -> None:
        """Tell the owner of an account, who may not have done it."""
        self.after.add_task(self._send, mail_texts.password_changed(email))

    def address_changed(self, email: str) -> None:
        """Tell the address that an account had before."""
        self.after.add_task(self._send, mail_texts.address_changed(email))

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


async def _post(request: Request, database: Database, after: BackgroundTasks) -> Post:
    state = request.app.state
    app_url = state.settings.app_url
    return Post(state.mailer, str(app_url).rstrip("/") if app_url else None, database, after)


PostOffice = Annotated[Post, Depends(_post)]
"""The request's outgoing mail, as a route asks for it."""
