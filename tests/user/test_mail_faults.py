from time import monotonic

import pytest

from cli.dev.ports import free_port
from tests.user.mail_servers import MAIL, MailServer, silent_after, smtp
from user.mail import mailer as mail
from user.mail.mailer import MailNotSent

GREETED = ("220 mail.test", "250 mail.test")
ACCEPTED = (*GREETED, "250 sender", "250 recipient", "354 go on")
TLS_BEGUN = ("220 mail.test", "250-mail.test\r\n250 STARTTLS", "220 go on")


async def test_a_server_that_is_down_is_told() -> None:
    """If no server listens, the mail is not sent."""
    with pytest.raises(MailNotSent, match="ConnectionRefusedError"):
        await smtp(MailServer(free_port())).send(MAIL)


@pytest.mark.parametrize(
    "answers", [(), TLS_BEGUN, GREETED, ACCEPTED], ids=["at once", "in TLS", "before the mail", "after the mail"]
)
async def test_a_server_that_hangs_is_given_up(answers: tuple[str, ...]) -> None:
    """The timeout holds for the whole mail, wherever the server stops."""
    async with silent_after(*answers) as server:
        begun = monotonic()
        with pytest.raises(MailNotSent, match="TimeoutError"):
            await smtp(server, timeout_s=0.3).send(MAIL)

    assert monotonic() - begun < 10


async def test_a_mail_is_sent_once_the_server_has_taken_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not answer QUIT has accepted the mail anyway."""
    monkeypatch.setattr(mail, "GOODBYE_S", 0.1)
    async with silent_after(*ACCEPTED, "250 taken") as server:
        await smtp(server).send(MAIL)


async def test_a_refused_recipient_is_told_without_naming_it() -> None:
    """The error has the server's answer, but not the address."""
    async with silent_after(*GREETED, "250 sender", "550 no <ada@example.org> here", "250 reset", "221 bye") as server:
        with pytest.raises(MailNotSent) as refused:
            await smtp(server).send(MAIL)

    assert str(refused.value) == "SMTPRecipientsRefused"
