"""The part of the caller's environment that started programs get."""

from collections.abc import Mapping, MutableMapping

from chassis.core.familiar_variables import FAMILIAR_VARIABLES
from cli.links import settings_class
from cli.services import REFLECTED, SERVICES

_MACHINE = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TZ", "TMPDIR", "TMP", "TEMP", "MAKELEVEL"),
        *("TERM", "COLORTERM", "COLUMNS", "NO_COLOR", "FORCE_COLOR", "SSL_CERT_FILE", "SSL_CERT_DIR"),
        *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "NIX_LD", "NIX_LD_LIBRARY_PATH"),
        *("WATCHFILES_FORCE_POLLING", "WATCHFILES_POLL_DELAY_MS"),
    }
)
"""Locations on this machine, and the settings of terminal and network."""
_OURS_TO_SAY = frozenset({"ENVIRONMENT", "PRODUCTION", "LOG_DIR", "WEB_CONCURRENCY", "REPLICAS"})
"""Settings of a deployment under common names; a program that runs from a checkout must not get them."""
_WATCHING = ("OTEL_EXPORTER_OTLP_", "OTEL_BSP_", "OTEL_RESOURCE_ATTRIBUTES")
_STEERING = ("PG", "PYTHON", "OTEL_", "SENTRY_", "UVICORN_", "GUNICORN_", "PROMETHEUS_")
_PROXIES = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"})


def inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """
    Return the variables of *environment* that the stack passes on: the machine's and the services' settings.

    Text is always UTF-8 there, independent of the caller's locale.
    """
    settings = _settings() - _OURS_TO_SAY
    seen = {name: value for name, value in environment.items() if name in _MACHINE or _is_setting(name, settings)}
    return seen | {"LANG": "C.UTF-8", "PYTHONUTF8": "1"}


def remove_settings(environment: MutableMapping[str, str]) -> None:
    """Remove the services' settings, and variables that influence libraries, for services with generated settings."""
    settings = _settings()
    for name in list(environment):
        if name.startswith(_STEERING) or name.upper() in _PROXIES or _is_setting(name, settings):
            del environment[name]


def _settings() -> frozenset[str]:
    """Return the names of the variables that the services read, and those of their databases' owners."""
    fields = {field for service in SERVICES for field in settings_class(service.name).variables()}
    owners = {service.owner_variable for service in REFLECTED}
    return frozenset(field.upper() for field in fields | owners | FAMILIAR_VARIABLES)


def _is_setting(name: str, settings: frozenset[str]) -> bool:
    return name.removesuffix("_FILE") in settings or name.startswith(("LINK_KEY__", *_WATCHING))
