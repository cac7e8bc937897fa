"""
``python -m deploy.make_secrets [--self-signed] FOLDER``: writes the secrets of a deployment, a folder for each service.

Existing secrets stay. A service finds only its own secrets in its folder; ``deploy/entrypoint.sh`` exports
each file as ``NAME_FILE``. A database's owner that is not the service itself has a folder of its own, for migrations.
The address of a managed database is read from the environment (``USER_DATABASE_URL`` and the like). The other databases
are those of docker-compose.prod.yml. With ``--self-signed`` the edge gets a certificate for a trial on this machine,
unless it has one.
"""

import os
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path

from cli.dev.environment import service_environment
from cli.dev.secrets import ensure_secrets, make_password, password_names
from cli.links import links
from cli.services import REFLECTED, SERVICES, STORED, Service
from deploy.certificate import self_signed


def main(folder: Path) -> None:
    """Fill *folder*; if it exists, add missing secrets."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n")
    kept = ensure_secrets(folder / "all.json", links())
    passwords = {role: kept.pop(name) for service in STORED for name, role in password_names(service).items()}
    urls = {
        variable: _url(service, role, passwords[role])
        for service in STORED
        for variable, role in ((service.store_variable, service.database), (service.owner_variable, service.owner))
    }
    everything = kept | {name: os.environ.get(name, url) for name, url in urls.items()}
    for service in SERVICES:
        for name, value in service_environment(service, everything).items():
            _write(folder / service.name / name, value)
    for service in REFLECTED:
        _write(folder / service.owner / service.owner_variable, everything[service.owner_variable])
    for service in STORED:
        for role in password_names(service).values():
            _write(folder / service.store / role, passwords[role])
    for store in ("postgres", "mongodb"):  # the servers of the compose files
        root = folder / store / "root"
        _write(root, root.read_text() if root.exists() else make_password())


def make_certificate(folder: Path, now: datetime) -> None:
    """Write a self-signed certificate for the edge, and its key, unless there is a certificate."""
    if not (folder / "tls.crt").exists():
        certificate, key = self_signed(now)
        _write(folder / "tls.key", key)
        _write(folder / "tls.crt", certificate)


def _url(service: Service, role: str, password: str) -> str:
    """Return the address of a service's database in the compose files, for a role."""
    login = f"{role}:{password}"
    if service.store == "postgres":
        return f"postgresql://{login}@postgres:5432/{service.database}"
    return f"mongodb://{login}@mongodb:27017/{service.database}?replicaSet=rs0"


def _write(file: Path, secret: str) -> None:
    # Readable by all, because each container has its own user. On a host, the folder above is closed (deployment.md).
    file.parent.mkdir(parents=True, exist_ok=True)
    file.parent.chmod(0o755)  # whatever the caller's umask is
    file.unlink(missing_ok=True)
    file.write_text(secret)
    file.chmod(0o444)


if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m deploy.make_secrets")
    parser.add_argument("--self-signed", action="store_true", help="a certificate for a trial on this machine, too")
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    main(given.folder)
    if given.self_signed:
        make_certificate(given.folder / "edge", datetime.now(UTC))
