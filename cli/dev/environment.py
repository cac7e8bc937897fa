"""Which environment variables each process of the development stack gets."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from dotenv import dotenv_values

from cli.dev.files import ENVIRONMENT, LOCK, ROOT, write_private
from cli.dev.inherited import inherited
from cli.dev.lock import is_held
from cli.dev.secrets import password_names
from cli.errors import CommandError
from cli.links import settings_class, token_issuer
from cli.services import REFLECTED, SERVICES, STORED, Service
from cli.services.discovery import front_of

_WATCHING = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_TRACES_SAMPLER_ARG",
    "SENTRY_DSN",
)


class NoStack(CommandError):
    """No stack is running in this folder."""


def given_environment(file: Path = ROOT / ".env") -> dict[str, str]:
    """Return the variables in *file*, overridden by those of the environment."""
    given = {name: value.strip() for name, value in (_read(file, interpolate=True) | os.environ).items()}
    return inherited(given)


def stack_environment(
    given: Mapping[str, str], secrets: Mapping[str, str], ports: Mapping[str, int], stores: Mapping[str, str]
) -> dict[str, str]:
    """
    Return the variables of the services together; each service gets only a part of them.

    Args:
        given: May set LOG_LEVEL, JWT_ISSUER, and the destinations of traces and errors.
        secrets: By variable name; passwords of databases are left out.
        ports: The port of each service that runs, by its name.
        stores: The URLs of the databases, by variable name.
    """
    passwords = {name for service in STORED for name in password_names(service)}  # they are contained in the URLs
    addresses = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    return {
        "ENVIRONMENT": "local",
        "LOG_LEVEL": given.get("LOG_LEVEL", "INFO"),
        "LOG_DIR": str(ROOT / "logs"),
        **{name: given[name] for name in _WATCHING if name in given},
        **{service.url_variable: addresses[service.name] for service in SERVICES if service.name in addresses},
        "DOCS_SERVICES": json.dumps(addresses),
        "JWT_ISSUER": given.get("JWT_ISSUER") or _issuer(addresses),
        **stores,
        **{name: value for name, value in secrets.items() if name not in passwords},
    }


def _issuer(addresses: Mapping[str, str]) -> str:
    """Return the address at which people find the metadata for OAuth 2 clients: it must be the issuer (RFC 8414)."""
    front = front_of(service for service in SERVICES if service.name in addresses)
    return addresses.get(front.name if front else token_issuer(), "")


def service_environment(service: Service, everything: Mapping[str, str]) -> dict[str, str]:
    """
    Return the part of *everything* for *service*.

    It lacks the databases, link keys and signing key of others, the addresses of services that it does not call, and
    that of its own database for another owner.
    """
    return {variable: value for variable, value in everything.items() if _may_see(service, variable)}


def write_environment(values: Mapping[str, str], file: Path = ENVIRONMENT) -> None:
    """Write *values* to *file* so that both a shell (`set -a; . .dev/env`) and python-dotenv read them back."""
    write_private(file, "".join(f"{name}={_quote(value)}\n" for name, value in values.items()))


def running_environment(needed: Iterable[Service]) -> dict[str, str]:
    """
    Return the whole environment of the stack that runs in this folder.

    Raises:
        NoStack: No stack is running.
        CommandError: It runs without some of the *needed* services; the message names them.
    """
    if not is_held(LOCK) or not ENVIRONMENT.exists():
        message = "The stack is not running. Start it with `make run`."
        raise NoStack(message)
    found = _read(ENVIRONMENT, interpolate=False)
    if missing := [service.name for service in needed if service.url_variable not in found]:
        raise CommandError(
            f"Not running: {', '.join(missing)}. The stack runs without them: stop it with Ctrl-C, then start all with "
            "`make run`."
        )
    return found


def _may_see(service: Service, name: str) -> bool:
    variable = name.removesuffix("_FILE")
    if variable.startswith("LINK_KEY__"):
        return service.name.upper() in variable.split("__")
    if variable == "JWT_PRIVATE_KEY":
        return service.name == token_issuer()
    owners = {one.store_variable: one.name for one in STORED}
    if variable in owners:
        return owners[variable] == service.name
    if variable in {one.owner_variable for one in REFLECTED}:
        return False
    addresses = {one.url_variable: one.name for one in SERVICES}
    if variable in addresses:
        return addresses[variable] in {service.name, *settings_class(service.name).peers}
    return True


def _read(file: Path, *, interpolate: bool) -> dict[str, str]:
    return {name: value for name, value in dotenv_values(file, interpolate=interpolate).items() if value is not None}


def _quote(value: str) -> str:
    # Both readers understand quotes, but no common way to escape them.
    quote = '"' if "'" in value else "'"
    return f"{quote}{value}{quote}"
