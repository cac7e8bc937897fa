"""The target: the user service with one worker, as in production, and the edge before it."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from benchmarks.deployment import deploy, find_nginx, log_in, migrate, production
from cli.dev.files import ROOT
from cli.dev.polling import wait_until
from cli.dev.ports import answers, free_port
from cli.dev.postgres import EmbeddedPostgres
from cli.dev.processes import SupervisedProcess, stop_all
from cli.dev.secrets import ensure_secrets
from cli.dev.server import CLEAN_ENVIRONMENT
from cli.errors import CommandError
from cli.links import links
from cli.services import SERVICES

_USERS = re.compile(r"(/api/v1/users\S* )[a-z-]+\$domain:\d+")


@dataclass(frozen=True, slots=True)
class Target:
    """The addresses for attackers and bystanders."""

    service: int
    edge: int | None
    """The ports; no edge where nginx is not installed."""
    token: str
    """A person's access token."""


@contextmanager
def running_target(folder: Path) -> Iterator[Target]:
    """Run the target, with data and logs in *folder*."""
    secrets = ensure_secrets(folder / "secrets.json", links())
    with EmbeddedPostgres(folder / "postgres", free_port()) as postgres:
        stores = {"USER_DATABASE_URL": postgres.create_database("user_service")}
        migrate(production(stores, secrets, _ports()) | {"PATH": os.environ["PATH"]}, "user")
        with deploy(stores, secrets, folder, {"user": 1}, PATH=os.environ["PATH"]) as deployed:
            token, port = log_in(deployed.environment), int(deployed.address("user").rpartition(":")[2])
            with _running_edge(folder / "edge", port) as edge:
                yield Target(port, edge, token)


def _ports() -> dict[str, int]:
    return {service.name: 1 for service in SERVICES}


@contextmanager
def _running_edge(folder: Path, service: int) -> Iterator[int | None]:
    try:
        program, _version = find_nginx(os.environ["PATH"])
    except CommandError:
        yield None
        return
    folder.mkdir(mode=0o755)
    _write_certificate(folder)
    port = free_port()
    (folder / "nginx.conf").write_text(configuration(folder, port, service), encoding="utf-8")
    (folder / "names.conf").write_text('map "" $domain { default ""; }\n', encoding="utf-8")
    command = [program, "-p", str(folder), "-c", "nginx.conf", "-g", "daemon off;"]
    with (folder / "nginx.log").open("wb") as log:
        process = SupervisedProcess(command, environment=CLEAN_ENVIRONMENT, folder=folder, output=log)
    try:
        if not wait_until(lambda: answers(port), 10):
            raise CommandError((folder / "nginx.log").read_text(errors="replace")[-2000:])
        yield port
    finally:
        stop_all([process])


def configuration(folder: Path, port: int, service: int) -> str:
    """Return the edge's configuration for this machine: other ports and folders; users' paths lead to the service."""
    text = (ROOT / "deploy/nginx/nginx.conf").read_text(encoding="utf-8")
    for before, after in {
        "/tmp/": f"{folder}/",  # noqa: S108 - first: the folder may be in it
        "/run/secrets/edge/": f"{folder}/",
        "access_log /dev/stdout": f"access_log {folder}/access.log",
        "listen 8080;": f"listen 127.0.0.1:{free_port()};",
        "listen 8443 ": f"listen 127.0.0.1:{port} ",
    }.items():
        assert before in text, before
        text = text.replace(before, after)
    text, count = _USERS.subn(rf"\g<1>127.0.0.1:{service}", text)
    assert count, _USERS
    return text


def _write_certificate(folder: Path) -> None:
    """Write ``tls.crt`` and ``tls.key`` for the edge, self-signed and valid for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]), datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "tls.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "tls.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
