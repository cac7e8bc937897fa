"""Sending mail: what the rest of the service asks for, and the two ways to do it."""

import asyncio
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import make_msgid, parseaddr
from typing import Protocol

from aiosmtplib import SMTP, SMTPException
from email_validator import validate_email
from pydantic import SecretStr

from chassis.settings import Environment
from user.mail.smtp_url import smtp_options
from user.settings import Settings

TIMEOUT_S = 10.0
GOODBYE_S = 1.0


class MailNotSent(Exception):
    """A mail was not taken by the mail server; the message says why, and holds no secret and no address."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to one address. Its text may hold a token: it is not to be logged."""

    to: str
    subject: str
    text: str


class Mailer(Protocol):
    """Sends mail."""

    async def send(self, mail: Mail) -> None:
        """
        Send a mail; when this returns, the mail server has taken it.

        Raises:
            MailNotSent: It has not, or did not say so in time.
        """


class ConsoleMailer:
    """Prints mail on standard output, for development; not in the log, since a mail may hold a token."""

    async def send(self, mail: Mail) -> None:
        """Print a mail."""
        sys.stdout.write(f"\n--- Mail to {mail.to}: {mail.subject}\n\n{mail.text}\n---\n\n")
        sys.stdout.flush()


class SmtpMailer:
    """
    Hands mail to a mail server. A password travels under TLS alone, and a certificate is always checked.

    Args:
        url: As ``smtp_options`` reads it.
        sender: The address the mails come from, with or without a name: ``Shop <no-reply@example.org>``.
        timeout_s: Seconds for one mail, connecting included.

    Raises:
        ValueError: The address of the server cannot be read.
    """

    def __init__(self, url: SecretStr, sender: str, timeout_s: float = TIMEOUT_S) -> None:
        self._options = smtp_options(url)
        self._sender = sender
        self._timeout_s = timeout_s

    async def send(self, mail: Mail) -> None:
        """
        Send a mail, over a connection of its own.

        Raises:
            MailNotSent: The server is down, slow, not to be trusted or does not want it.
        """
        try:
            message = _message(self._sender, mail)
            async with asyncio.timeout(self._timeout_s):
                await self._deliver(message)
        except (SMTPException, OSError, ValueError) as error:
            raise MailNotSent(_reason(error)) from error

    async def _deliver(self, message: EmailMessage) -> None:
        server = SMTP(**self._options)
        try:
            await server.connect()
            await server.send_message(message)
            with suppress(SMTPException):  # the mail is delivered, however the server takes the goodbye
                await server.quit(timeout=GOODBYE_S)
        finally:
            server.close()


def make_mailer(settings: Settings) -> Mailer | None:
    """Give what sends mail in this deployment; None if nothing does."""
    if settings.smtp_url:
        return SmtpMailer(settings.smtp_url, settings.mail_from)
    return ConsoleMailer() if settings.environment is Environment.LOCAL else None


def _message(sender: str, mail: Mail) -> EmailMessage:
    """Write a mail down; line ends in headers, and more addresses than one, are a ValueError."""
    address = validate_email(mail.to, check_deliverability=False)
    message = EmailMessage()
    message["From"] = sender
    message["To"] = address.ascii_email or address.normalized  # few servers take other letters than ASCII's
    message["Subject"] = mail.subject
    message["Date"] = datetime.now(UTC)
    # Without the domain it asks the DNS for this machine's.
    message["Message-ID"] = make_msgid(domain=parseaddr(sender)[1].rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # no holiday answers (RFC 3834)
    message.set_content(mail.text)
    return message


def _reason(error: Exception) -> str:
    """Name the error and the server's code; its text may quote the address."""
    cause = error.__cause__ if isinstance(error, SMTPException) and error.__cause__ else error
    code = getattr(cause, "code", "")
    return f"{type(cause).__name__} {code}".rstrip()
