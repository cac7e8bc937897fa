from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from chassis.settings import Environment
from tests.user.mail_servers import LOGIN, MAIL, SENDER, mail_server, smtp
from user.mail.mailer import ConsoleMailer, FileMailer, Mail, MailNotSent, SmtpMailer, make_mailer
from user.settings import Settings


async def test_mail_says_that_a_program_sent_it() -> None:
    """A mail has an id under the sender's domain and a date, and asks for no automatic answer."""
    async with mail_server() as server:
        await smtp(server).send(MAIL)

    message = server.message()
    assert message["message-id"].endswith("@example.org>")
    assert abs(message["date"].datetime - datetime.now(UTC)) < timedelta(minutes=1)
    assert message["auto-submitted"] == "auto-generated"


@pytest.mark.parametrize("utf8", [False, True])
async def test_a_domain_in_other_letters_needs_no_special_server(*, utf8: bool) -> None:
    """The domain is written in its ASCII form, which every server accepts."""
    async with mail_server(enable_SMTPUTF8=utf8) as server:
        await smtp(server).send(Mail("ada@bücher.example.org", "Hello", "Hello\n"))

    assert server.taken[0][1].rcpt_tos == ["ada@xn--bcher-kva.example.org"]


async def test_a_name_in_other_letters_is_delivered_where_the_server_can() -> None:
    """An address without an ASCII form is sent to servers with UTF-8 support only."""
    mail = Mail("grüße@example.org", "Hello", "Hello\n")
    async with mail_server(enable_SMTPUTF8=True) as server, mail_server() as old_server:
        await smtp(server).send(mail)
        with pytest.raises(MailNotSent, match="SMTPNotSupported"):
            await smtp(old_server).send(mail)

    assert (server.taken[0][1].rcpt_tos, server.message()["to"]) == ([mail.to], mail.to)
    assert old_server.taken == []


@pytest.mark.parametrize(
    "mail",
    [
        Mail("ada@example.org", "Hello\r\nBcc: eve@example.org", ""),
        Mail("ada@example.org", "Hello\nBcc: eve@example.org", ""),
        Mail("ada@example.org\r\nBcc: eve@example.org", "Hello", ""),
        Mail("ada@example.org, eve@example.org", "Hello", ""),
        Mail("ada@example.org> SIZE=0\r\nRCPT TO:<eve@example.org", "Hello", ""),
        Mail("Ada <ada@example.org>", "Hello", ""),
        Mail("", "Hello", ""),
    ],
)
async def test_no_header_and_no_recipient_can_be_smuggled_in(mail: Mail) -> None:
    """Line ends in a header and anything but one plain address are refused before a server is asked."""
    async with mail_server() as server:
        with pytest.raises(MailNotSent):
            await smtp(server).send(mail)

    assert server.taken == []


async def test_a_text_cannot_end_the_mail() -> None:
    """A line with a single dot, and text that looks like a header or a command, are text."""
    text = "one\n.\nMAIL FROM:<eve@example.org>\n..\nBcc: eve@example.org\n"
    async with mail_server() as server:
        await smtp(server).send(Mail("ada@example.org", "Hello", text))

    assert server.message().get_content().splitlines() == text.splitlines()


async def test_development_prints_mail(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a mail server a developer reads the mail on the console."""
    await ConsoleMailer().send(MAIL)

    printed = capsys.readouterr().out
    assert (MAIL.to in printed, MAIL.subject in printed, MAIL.text in printed) == (True, True, True)


async def test_development_keeps_mail_beside_the_logs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """With a folder for logs, mails are appended to a private file there; the terminal shows no token."""
    settings = Settings.model_construct(environment=Environment.LOCAL, log_dir=tmp_path)
    mailer = make_mailer(settings)
    assert isinstance(mailer, FileMailer)

    await mailer.send(MAIL)
    await mailer.send(Mail("bea@example.org", "Welcome", "Second\n"))

    file = tmp_path / "mails.txt"
    text = file.read_text(encoding="utf-8")
    assert text.index(MAIL.text) < text.index("Second")
    assert file.stat().st_mode & 0o777 == 0o600
    assert MAIL.text not in capsys.readouterr().out + caplog.text


@pytest.mark.parametrize(
    ("environment", "url", "expected"),
    [
        (Environment.LOCAL, None, ConsoleMailer),
        (Environment.LOCAL, "smtp://mail", SmtpMailer),
        (Environment.STAGING, None, type(None)),
        (Environment.PRODUCTION, None, type(None)),
        (Environment.PRODUCTION, f"smtp://{LOGIN}mail", SmtpMailer),
    ],
)
def test_mail_is_printed_locally_alone(environment: Environment, url: str | None, expected: type) -> None:
    """Outside local nothing is printed: without a mail server there is no mail."""
    secret = SecretStr(url) if url else None
    settings = Settings.model_construct(environment=environment, smtp_url=secret, mail_from=SENDER)

    assert type(make_mailer(settings)) is expected
