"""The secrets of one run (link keys, a Fernet key, certificates), and a check of the gRPC server's TLS."""

import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chassis.sealing.keys import generate_key
from cli.dev.secrets import make_signing_key

_LIFE = timedelta(hours=1)
_TIMEOUT_S = 5.0
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
"""The first bytes of every HTTP/2 client, with empty settings."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A private key and its certificate, in PEM."""

    key: bytes
    certificate: bytes


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secrets that the candidates share with their servers."""

    link_there: str
    link_back: str
    fernet: bytes
    signing_key: str
    """Signs access tokens, in PEM."""
    authority: bytes
    """The certificate that both sides trust, in PEM."""
    server: Identity
    client: Identity


def make_secrets() -> Secrets:
    """Generate all secrets: EC P-256 certificates, valid for an hour, and 32-byte keys."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("benchmark authority")
    authority = _certificate(name, key.public_key(), name, key, x509.BasicConstraints(ca=True, path_length=0))
    return Secrets(
        link_there=f"k1:{generate_key()}",
        link_back=f"k1:{generate_key()}",
        fernet=Fernet.generate_key(),
        signing_key=make_signing_key(),
        authority=authority.public_bytes(serialization.Encoding.PEM),
        server=_identity("catalogue", name, key, ExtendedKeyUsageOID.SERVER_AUTH),
        client=_identity("shop", name, key, ExtendedKeyUsageOID.CLIENT_AUTH),
    )


def _identity(
    name: str, issuer: x509.Name, issuer_key: ec.EllipticCurvePrivateKey, usage: x509.ObjectIdentifier
) -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    address = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))])
    certificate = _certificate(
        _name(name), key.public_key(), issuer, issuer_key, x509.ExtendedKeyUsage([usage]), address
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Identity(pem, certificate.public_bytes(serialization.Encoding.PEM))


def _certificate(
    subject: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    *extensions: x509.ExtensionType,
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + _LIFE)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    return builder.sign(issuer_key, hashes.SHA256())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class WeakTls(Exception):
    """The server accepts a connection that it must refuse: the comparison would not be fair."""


def observe_tls(port: int, secrets: Secrets) -> dict[str, str]:
    """
    Return version and cipher of a connection to the gRPC server, as another library sees it.

    Raises:
        WeakTls: It is not TLS 1.3, or a client without a certificate is served as well.
    """
    version, cipher = _shake_hands(port, secrets.authority, secrets.client)
    try:
        _shake_hands(port, secrets.authority, None)
    except OSError:
        if version == "TLSv1.3":
            return {"version": version, "cipher": cipher}
    raise WeakTls(version)


def _shake_hands(port: int, authority: bytes, identity: Identity | None) -> tuple[str, str]:
    context = ssl.create_default_context(cadata=authority.decode())
    context.set_alpn_protocols(["h2"])
    if identity:
        _load(context, identity)
    with (
        socket.create_connection(("127.0.0.1", port), _TIMEOUT_S) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(_PREFACE)  # with TLS 1.3 a client learns only now whether it is accepted
        if not connection.recv(1):
            raise ConnectionResetError
        return str(connection.version()), str((connection.cipher() or ("none",))[0])


def _load(context: ssl.SSLContext, identity: Identity) -> None:
    with TemporaryDirectory() as folder:
        certificate, key = Path(folder, "certificate.pem"), Path(folder, "key.pem")
        certificate.write_bytes(identity.certificate)
        key.write_bytes(identity.key)
        context.load_cert_chain(certificate, key)
