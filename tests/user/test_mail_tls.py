import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from traceback import format_exception

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.user.mail_servers import LOGIN, MAIL, SECRET, SENDER, mail_server, smtp
from user.mail.mailer import MailNotSent


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and its self-signed certificate for 127.0.0.1."""
    key, name, now = ec.generate_private_key(ec.SECP256R1()), x509.Name([]), datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    valid = builder.not_valid_before(now).not_valid_after(now + timedelta(hours=1))
    signed = valid.add_extension(address, critical=True).sign(key, hashes.SHA256())
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + signed.public_bytes(Encoding.PEM))
    return file


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    """The TLS context of the server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the certificate trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


async def test_mail_is_delivered_under_tls(tls: ssl.SSLContext, trusted: None) -> None:
    """With a password the mailer starts TLS, logs in, and delivers subject and text unchanged."""
    async with mail_server(tls_context=tls, auth_required=True) as server:
        await smtp(server, LOGIN).send(MAIL)

    ((session, envelope),), message = server.taken, server.message()
    assert session.ssl
    assert (envelope.mail_from, envelope.rcpt_tos) == ("no-reply@example.org", ["ada@example.org"])
    assert (message["subject"], message.get_content().splitlines()) == (MAIL.subject, MAIL.text.splitlines())
    assert (message["from"], message["to"]) == (SENDER, MAIL.to)


async def test_tls_from_the_start(tls: ssl.SSLContext, trusted: None) -> None:
    """With smtps everything is under TLS, including the login."""
    async with mail_server(tls, auth_require_tls=False) as server:
        await smtp(server, LOGIN, "smtps").send(MAIL)

    assert len(server.taken) == len(server.logins) == 1


async def test_offered_tls_is_taken_without_a_password_too(tls: ssl.SSLContext, trusted: None) -> None:
    """A relay without login gets TLS if it offers it."""
    async with mail_server(tls_context=tls) as server:
        await smtp(server).send(MAIL)

    assert server.taken[0][0].ssl


async def test_a_password_is_not_sent_in_the_clear() -> None:
    """A server that offers a login but no TLS gets neither password nor mail."""
    async with mail_server(auth_require_tls=False) as server:
        with pytest.raises(MailNotSent):
            await smtp(server, LOGIN).send(MAIL)

    assert (server.logins, server.taken) == ([], [])


@pytest.mark.parametrize(("scheme", "login"), [("smtp", LOGIN), ("smtp", ""), ("smtps", LOGIN)])
async def test_an_untrusted_server_gets_nothing(tls: ssl.SSLContext, scheme: str, login: str) -> None:
    """An untrusted certificate ends the connection."""
    options = {"tls": tls} if scheme == "smtps" else {"tls_context": tls}
    async with mail_server(**options) as server:
        with pytest.raises(MailNotSent, match="SSLCertVerificationError"):
            await smtp(server, login, scheme).send(MAIL)

    assert (server.logins, server.taken) == ([], [])


async def test_a_wrong_password_is_told_without_showing_it(tls: ssl.SSLContext, trusted: None) -> None:
    """The error has the server's answer, but neither it nor its traceback contains the password or the address."""
    async with mail_server(tls_context=tls, auth_required=True) as server:
        with pytest.raises(MailNotSent, match=r"^SMTPAuthenticationError 535$") as refused:
            await smtp(server, f"ada:{SECRET}-not@").send(MAIL)

    trace = "".join(format_exception(refused.value))
    assert (SECRET in trace, MAIL.to in trace, MAIL.text in trace) == (False, False, False)
    assert server.taken == []
