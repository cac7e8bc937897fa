"""Mail servers for tests: a real one, and one that stops in the middle."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pydantic import SecretStr

from user.mail.mailer import Mail, SmtpMailer

SENDER = "Shop <no-reply@example.org>"
SECRET = "xyzzy-plugh-4711"
MAIL = Mail("ada@example.org", "Grüße", "Ein Link:\n\nhttps://example.org/#token=" + "x" * 100 + "\n")
LOGIN = f"ada:{SECRET}@"


@dataclass
class MailServer:
    """A real mail server, which stores accepted mails and records logins."""

    port: int = 0
    taken: list[tuple[Session, Envelope]] = field(default_factory=list)
    logins: list[LoginPassword] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Take a mail."""
        self.taken.append((session, envelope))
        return "250 OK"

    def log_in(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _by: str, login: LoginPassword
    ) -> AuthResult:
        """Accept Ada's password."""
        self.logins.append(login)
        return AuthResult(success=login == LoginPassword(b"ada", SECRET.encode()), handled=False)

    def message(self) -> EmailMessage:
        """Return the one accepted mail."""
        ((_, envelope),) = self.taken
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        return message


@asynccontextmanager
async def mail_server(tls: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[MailServer]:  # noqa: ANN401
    """Run a mail server; *tls* is TLS from the start, ``tls_context`` is STARTTLS."""
    server, loop = MailServer(), asyncio.get_running_loop()

    def make() -> SMTP:
        return SMTP(server, hostname="mail.test", authenticator=server.log_in, loop=loop, **options)

    async with await loop.create_server(make, "127.0.0.1", 0, ssl=tls) as listener:
        server.port = listener.sockets[0].getsockname()[1]
        yield server


def smtp(server: MailServer, login: str = "", scheme: str = "smtp", timeout_s: float = 10) -> SmtpMailer:
    """A mailer for a server."""
    return SmtpMailer(SecretStr(f"{scheme}://{login}127.0.0.1:{server.port}"), SENDER, timeout_s)


@asynccontextmanager
async def silent_after(*answers: str) -> AsyncIterator[MailServer]:
    """Run a server that sends these answers and then none."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            for answer in answers:
                writer.write(f"{answer}\r\n".encode())
                await reader.readuntil(b"\r\n.\r\n" if answer.startswith("354") else b"\r\n")
            await reader.read()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as listener:
        yield MailServer(listener.sockets[0].getsockname()[1])
