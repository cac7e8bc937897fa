"""requirements/<service>.txt: the hashed lock of each service, made anew only when its libraries change."""

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from cli.errors import CommandError
from cli.services.discovery import Service

FOLDER = "requirements"
_COMMON = {"audit-exceptions", "bench", "bootstrap", "clients", "dev"}
"""The other files there."""

Libraries = Mapping[str, frozenset[str]]
"""Those of each service, by its name."""


def locked_libraries(pyproject: str) -> Libraries:
    """Return the libraries of the services in the text of a pyproject.toml: those that the locks were made of."""
    extras = tomllib.loads(pyproject)["project"].get("optional-dependencies", {})
    return {name: frozenset(libraries) for name, libraries in extras.items()}


def stale_locks(root: Path, services: Iterable[Service], before: Libraries) -> list[Service]:
    """Return the services without a lock, or with a lock of other libraries."""
    return [
        one
        for one in services
        if before.get(one.name) != frozenset(one.libraries) or not _lock(root, one.name).exists()
    ]


def stray_locks(root: Path, services: Iterable[Service]) -> list[Path]:
    """Return the locks of services that do not exist."""
    known = _COMMON | {service.name for service in services}
    return sorted(file for file in (root / FOLDER).glob("*.txt") if file.stem not in known)


def is_lock(path: str) -> bool:
    """Whether a path in the project is that of a lock."""
    return path.startswith(f"{FOLDER}/") and path.endswith(".txt") and not path.endswith("/audit-exceptions.txt")


def lock_file(name: str) -> str:
    """Return the path of a service's lock."""
    return f"{FOLDER}/{name}.txt"


def make_locks(root: Path, services: Iterable[Service], stale: list[Service], before: Libraries) -> None:
    """
    Make the stale locks: a copy of a lock of the same libraries, otherwise by uv, which asks the package index.

    Raises:
        CommandError: uv found no versions that fit, or the index does not answer.
    """
    current = [one for one in services if one not in stale]
    made = set[str]()
    for service in stale:
        twin = next((one for one in current if set(one.libraries) == set(service.libraries)), None)
        if twin:
            shutil.copyfile(_lock(root, twin.name), _lock(root, service.name))
        else:
            _make(root, "lock-services", f"SERVICES={service.name}")
            made |= set(service.libraries)
        current.append(service)
    earlier, now = (set[str]().union(*every) for every in (before.values(), (one.libraries for one in services)))
    if made - earlier or earlier - now:
        _make(root, "lock-common")


def _make(root: Path, *arguments: str) -> None:
    environment = Path(sys.prefix) / "bin"  # a copy of the project has none of its own
    command = ["make", "--no-print-directory", f"BIN={environment}", "-o", f"{environment}/.ready", *arguments]
    if subprocess.run(command, cwd=root, check=False).returncode:
        raise CommandError(f"The lock was not made: see above. Then again: make {' '.join(arguments)}")


def _lock(root: Path, name: str) -> Path:
    return root / lock_file(name)
