"""Sending mail: the interface, and its implementations: two for development, one with a mail server."""

import asyncio
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import make_msgid, parseaddr
from pathlib import Path
from typing import Protocol

import structlog
from aiosmtplib import SMTP, SMTPException
from email_validator import validate_email
from pydantic import SecretStr

from chassis.settings import Environment
from user.mail.smtp_url import smtp_options
from user.settings import Settings

log = structlog.get_logger(__name__)

TIMEOUT_S = 10.0
GOODBYE_S = 1.0


class MailNotSent(Exception):
    """The mail server did not accept a mail; the message has the reason, but no secret and no address."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to one address. Its text may contain a token and must not be logged."""

    to: str
    subject: str
    text: str


class Mailer(Protocol):
    """Sends mail."""

    async def send(self, mail: Mail) -> None:
        """
        Send a mail; on return, the mail server has accepted it.

        Raises:
            MailNotSent: The server did not accept it, or not in time.
        """


class ConsoleMailer:
    """Prints mail on standard output, for development; not in the log, because a mail may contain a token."""

    async def send(self, mail: Mail) -> None:
        """Print a mail."""
        sys.stdout.write(f"\n--- Mail to {mail.to}: {mail.subject}\n\n{mail.text}\n---\n\n")
        sys.stdout.flush()


class FileMailer:
    """Appends mails to a file, for development; the log names only the file, because a mail may contain a token."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def send(self, mail: Mail) -> None:
        """
        Append a mail.

        Raises:
            MailNotSent: The file cannot be written.
        """
        text = f"--- {datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z, mail to {mail.to}: {mail.subject}\n\n{mail.text}\n"
        try:
            await asyncio.to_thread(self._append, text)
        except OSError as error:
            raise MailNotSent(_reason(error)) from error
        log.info("mail written", subject=mail.subject, file=str(self._file))

    def _append(self, text: str) -> None:
        self._file.touch(mode=0o600)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(text)


class SmtpMailer:
    """
    Sends mail through a mail server. A password is sent over TLS only, and certificates are always checked.

    Args:
        url: In the form that ``smtp_options`` reads.
        sender: The address of the sender, with or without a name: ``Shop <no-reply@example.org>``.
        timeout_s: Seconds for one mail, including the connection.

    Raises:
        ValueError: The address of the server is invalid.
    """

    def __init__(self, url: SecretStr, sender: str, timeout_s: float = TIMEOUT_S) -> None:
        self._options = smtp_options(url)
        self._sender = sender
        self._timeout_s = timeout_s

    async def send(self, mail: Mail) -> None:
        """
        Send a mail over a new connection.

        Raises:
            MailNotSent: The server is down, slow, not trusted, or refuses the mail.
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
            with suppress(SMTPException):  # the mail is accepted, whatever the server answers to QUIT
                await server.quit(timeout=GOODBYE_S)
        finally:
            server.close()


def make_mailer(settings: Settings) -> Mailer | None:
    """Return the mailer of this deployment; None without a mail server."""
    if settings.smtp_url:
        return SmtpMailer(settings.smtp_url, settings.mail_from)
    if settings.environment is not Environment.LOCAL:
        return None
    return FileMailer(settings.log_dir / "mails.txt") if settings.log_dir else ConsoleMailer()


def _message(sender: str, mail: Mail) -> EmailMessage:
    """Build the message; line ends in headers, or more than one address, raise a ValueError."""
    address = validate_email(mail.to, check_deliverability=False)
    message = EmailMessage()
    message["From"] = sender
    message["To"] = address.ascii_email or address.normalized  # few servers accept non-ASCII addresses
    message["Subject"] = mail.subject
    message["Date"] = datetime.now(UTC)
    # Without the domain, the library asks the DNS for this machine's name.
    message["Message-ID"] = make_msgid(domain=parseaddr(sender)[1].rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # prevents automatic replies (RFC 3834)
    message.set_content(mail.text)
    return message


def _reason(error: Exception) -> str:
    """Return the error's type and the server's code; its text may quote the address."""
    cause = error.__cause__ if isinstance(error, SMTPException) and error.__cause__ else error
    code = getattr(cause, "code", "")
    return f"{type(cause).__name__} {code}".rstrip()
