import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from chassis.core.errors import DatabaseUnavailable
from chassis.postgres.database import Postgres
from chassis.postgres.parameters import to_asyncpg
from chassis.postgres.statements import Statement
from cli.dev.postgres import EmbeddedPostgres

SSL_REQUEST = bytes.fromhex("0000000804d2162f")
ASK = Statement("SELECT current_setting('statement_timeout') AS timeout, current_setting('search_path') AS path")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and the certificate that it signed for `localhost`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(pem + made.public_bytes(Encoding.PEM))
    return file


@pytest.fixture
async def tls_port(postgres: EmbeddedPostgres, certificate: Path) -> AsyncIterator[int]:
    """The port of a PostgreSQL with TLS: the wheel's has none, so a proxy adds it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.set_alpn_protocols(["postgresql"])

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(OSError, asyncio.IncompleteReadError):
            assert await reader.readexactly(len(SSL_REQUEST)) == SSL_REQUEST
            writer.write(b"S")
            await writer.start_tls(context)
            # PostgreSQL requires it for direct TLS, and accepts it otherwise.
            if writer.get_extra_info("ssl_object").selected_alpn_protocol() != "postgresql":
                return
            from_inside, to_inside = await asyncio.open_connection("127.0.0.1", postgres.port)
            with closing(to_inside):
                await asyncio.gather(pump(reader, to_inside), pump(from_inside, writer))

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Copy bytes until the end."""
    while data := await source.read(65536):
        target.write(data)
    target.close()


async def ask(url: str) -> tuple[str, str]:
    """Return the connection's time limit and search path."""
    database = Postgres(SecretStr(url), "test")
    await database.open()
    try:
        (row,) = await database.run(ASK, {})
    finally:
        await database.close()
    return row["timeout"], row["path"]


DEFAULTS: dict[str, Any] = {"ssl": "prefer", "direct_tls": False, "target_session_attrs": "any"}


@pytest.mark.parametrize(
    ("parameters", "differently"),
    [
        ({}, {}),
        ({"sslmode": "disable"}, {"ssl": False}),
        ({"ssl": "allow"}, {"ssl": "allow"}),
        ({"sslmode": "prefer", "ssl": "prefer"}, {}),
        ({"connect_timeout": "1", "statement_cache_size": "0"}, {"timeout": 1, "statement_cache_size": 0}),
        ({"connect_timeout": "60", "statement_cache_size": "10000"}, {"timeout": 60, "statement_cache_size": 10_000}),
        ({"target_session_attrs": "primary"}, {"target_session_attrs": "primary"}),
        ({"application_name": "shop", "fallback_application_name": "shop"}, {}),
        ({"channel_binding": "disable", "gssencmode": "prefer", "client_encoding": "UTF-8"}, {}),
        ({"options": "-c lock_timeout=5s --b=c"}, {"server_settings": {"lock_timeout": "5s", "b": "c"}}),
        ({"options": "project=shop"}, {"server_settings": {"options": "project=shop"}}),
    ],
)
def test_parameters_become_arguments_of_the_driver(parameters: dict[str, str], differently: dict[str, Any]) -> None:
    """Parameters are mapped to the driver's arguments, also where libpq's name differs or the value has no effect."""
    assert to_asyncpg(parameters) == DEFAULTS | differently


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"connect_timeout": "0"}, "connect_timeout must be a whole number, 1 to 60"),
        ({"connect_timeout": "61"}, "connect_timeout must be a whole number, 1 to 60"),
        ({"connect_timeout": "1_0"}, "connect_timeout must be a whole number, 1 to 60"),
        ({"connect_timeout": ("1", "2")}, "connect_timeout occurs twice"),
        ({"statement_cache_size": "10001"}, "statement_cache_size must be a whole number, 0 to 10000"),
        ({"target_session_attrs": "standby"}, "target_session_attrs must be any or primary or read-write"),
        ({"gssencmode": "require"}, "gssencmode must be disable or prefer"),
        ({"options": "-c"}, "options must be written as -c name=value"),
        ({"pgbouncer": "true"}, "pgbouncer is not supported"),
        ({"p4ss": "word"}, r"\? is not supported"),
        ({"sslmode": "disable", "ssl": "prefer"}, "sslmode must be one of"),
        ({"sslmode": "prefer", "sslkey": "key"}, "sslkey needs sslmode=require"),
        ({"sslmode": "require", "sslrootcert": "/nowhere"}, "sslrootcert must name readable files"),
        ({"sslmode": "require", "sslcert": "/nowhere", "sslkey": "/x"}, "sslcert, sslkey must name readable files"),
        ({"sslmode": "prefer", "sslnegotiation": "direct"}, "sslnegotiation=direct needs sslmode=require"),
    ],
)
def test_a_parameter_that_cannot_work_is_refused_by_name(parameters: dict[str, Any], problem: str) -> None:
    """A parameter that cannot work is refused by name, with its valid values."""
    with pytest.raises(ValueError, match=problem):
        to_asyncpg(parameters)


@pytest.mark.parametrize(
    ("mode", "authority", "checks_name", "verifies"),
    [
        ("require", None, False, False),
        ("require", "file", False, True),
        ("require", "system", True, True),
        ("verify-ca", None, False, True),
        ("verify-ca", "file", False, True),
        ("verify-full", "file", True, True),
        ("verify-full", "system", True, True),
    ],
)
def test_what_is_checked_of_a_certificate_is_as_with_libpq(
    certificate: Path, mode: str, authority: str | None, *, checks_name: bool, verifies: bool
) -> None:
    """``sslmode`` decides what of the server's certificate is checked; the client's own is sent if it is set."""
    roots = {"sslrootcert": str(certificate) if authority == "file" else authority} if authority else {}
    arguments = to_asyncpg({"sslmode": mode, "sslnegotiation": "direct", "sslcert": str(certificate), **roots})

    context = arguments["ssl"]
    assert (context.check_hostname, context.verify_mode is ssl.CERT_REQUIRED) == (checks_name, verifies)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert arguments["direct_tls"]


@pytest.mark.parametrize("mode", ["require", "verify-ca&sslrootcert={file}", "verify-full&sslrootcert={file}"])
async def test_tls_is_spoken_where_the_address_demands_it(
    postgres: EmbeddedPostgres, tls_port: int, certificate: Path, mode: str
) -> None:
    """TLS is used with ``sslmode`` as managed databases write it, and with their certificate."""
    url = postgres.create_database("tls").replace(f"127.0.0.1:{postgres.port}", f"localhost:{tls_port}")

    assert await ask(f"{url}?sslmode={mode.format(file=certificate)}") == ("10s", '"$user", public')


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_who_is_not_certified_is_not_trusted(
    postgres: EmbeddedPostgres, tls_port: int, certificate: Path, host: str
) -> None:
    """A server with an untrusted certificate, or another name, gets no password."""
    authority = "system" if host == "localhost" else str(certificate)
    url = postgres.create_database("tls").replace(f"127.0.0.1:{postgres.port}", f"{host}:{tls_port}")

    with pytest.raises(DatabaseUnavailable):
        await ask(f"{url}?sslmode=verify-full&sslrootcert={authority}")


async def test_a_server_without_tls_is_refused_where_it_is_demanded(postgres: EmbeddedPostgres) -> None:
    """``sslmode=require`` never falls back to plain text."""
    with pytest.raises(DatabaseUnavailable):
        await ask(f"{postgres.create_database('tls')}?sslmode=require")


async def test_options_of_the_address_count(postgres: EmbeddedPostgres) -> None:
    """Options of the address override the service's own; the others stay."""
    url = postgres.create_database("options")

    assert await ask(f"{url}?options=-c%20statement_timeout%3D7s") == ("7s", '"$user", public')
    assert await ask(f"{url}?options=--search_path%3D%22a%5C%20b%22&connect_timeout=5") == ("10s", '"a b"')


async def test_the_environment_does_not_change_an_address(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variables that psql reads do not affect the services."""
    url = postgres.create_database("steered")
    for name, value in {
        "PGSSLMODE": "verify-full",
        "PGTARGETSESSIONATTRS": "standby",
        "PGSSLNEGOTIATION": "direct",
    }.items():
        monkeypatch.setenv(name, value)

    assert await ask(url) == ("10s", '"$user", public')
