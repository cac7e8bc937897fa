"""
``python -m deploy.make_secrets FOLDER``: the secrets of a deployment, one file each, in a folder per service.

What is there stays. A service finds in its folder what it may see and nothing else; ``deploy/entrypoint.sh`` gives
each file as ``NAME_FILE``. A database whose address is in the environment (``USER_DATABASE_URL`` and the like) is taken
from there: a managed one. The others are those of docker-compose.prod.yml.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from cli.dev.environment import service_environment
from cli.dev.secrets import ensure_secrets, make_password, password_name
from cli.links import links
from cli.services import SERVICES, Service


def main(folder: Path) -> None:
    """Fill *folder*; run again, it adds what is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n")
    kept = ensure_secrets(folder / "all.json", links())
    passwords = {password_name(service): kept.pop(password_name(service)) for service in SERVICES}
    urls = {service.store_variable: _url(service, passwords) for service in SERVICES}
    everything = kept | {name: os.environ.get(name, url) for name, url in urls.items()}
    for service in SERVICES:
        for name, value in service_environment(service, everything).items():
            _write(folder / service.name / name, value)
        _write(folder / service.store / service.database, passwords[password_name(service)])
    for store in {service.store for service in SERVICES}:
        root = folder / store / "root"
        _write(root, root.read_text() if root.exists() else make_password())


def _url(service: Service, passwords: Mapping[str, str]) -> str:
    """Address a service's database as the compose files name it."""
    login = f"{service.database}:{passwords[password_name(service)]}"
    if service.store == "postgres":
        return f"postgresql://{login}@postgres:5432/{service.database}"
    return f"mongodb://{login}@mongodb:27017/{service.database}?replicaSet=rs0"


def _write(file: Path, secret: str) -> None:
    # Readable by all: each container has a user of its own. On a host, the folder above is closed (docs/deployment.md).
    file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.write_text(secret)
    file.chmod(0o444)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
