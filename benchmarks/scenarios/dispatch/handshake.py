"""What the gRPC server's TLS really is: looked at with another library."""

import socket
import ssl
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.scenarios.dispatch.credentials import Identity, Secrets

_TIMEOUT_S = 5.0
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
"""What every HTTP/2 client says first, with empty settings."""


class WeakTls(Exception):
    """The server takes what it must not, and the comparison would be none."""


def observe_tls(port: int, secrets: Secrets) -> dict[str, str]:
    """
    Give version and cipher of a connection to the server.

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
        connection.sendall(_PREFACE)  # with TLS 1.3 a client hears only now whether it is welcome
        if not connection.recv(1):
            raise ConnectionResetError
        return str(connection.version()), str((connection.cipher() or ("none",))[0])


def _load(context: ssl.SSLContext, identity: Identity) -> None:
    with TemporaryDirectory() as folder:
        certificate, key = Path(folder, "certificate.pem"), Path(folder, "key.pem")
        certificate.write_bytes(identity.certificate)
        key.write_bytes(identity.key)
        context.load_cert_chain(certificate, key)
