"""What of the caller's environment reaches the programs that we start."""

from collections.abc import Mapping, MutableMapping

from cli.links import settings_class
from cli.services import SERVICES

_MACHINE = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TZ", "TMPDIR", "TMP", "TEMP", "MAKELEVEL"),
        *("TERM", "COLORTERM", "COLUMNS", "NO_COLOR", "FORCE_COLOR", "SSL_CERT_FILE", "SSL_CERT_DIR"),
        *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "NIX_LD", "NIX_LD_LIBRARY_PATH"),
        *("WATCHFILES_FORCE_POLLING", "WATCHFILES_POLL_DELAY_MS"),
    }
)
"""Where programs and people are, and how they are spoken to."""
_OURS_TO_SAY = frozenset({"ENVIRONMENT", "PRODUCTION", "LOG_DIR", "WEB_CONCURRENCY", "REPLICAS"})
"""Settings of a deployment, under names that others use, too; what runs from a checkout is none."""
_WATCHING = ("OTEL_EXPORTER_OTLP_", "OTEL_BSP_", "OTEL_RESOURCE_ATTRIBUTES")
_STEERING = ("PG", "PYTHON", "OTEL_", "SENTRY_", "UVICORN_", "GUNICORN_", "PROMETHEUS_")
_PROXIES = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"})


def inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """
    Return the variables of *environment* that the stack passes on: the machine's and the services' settings.

    Text is UTF-8 there, whatever the caller's language says.
    """
    settings = _settings() - _OURS_TO_SAY
    seen = {name: value for name, value in environment.items() if name in _MACHINE or _is_setting(name, settings)}
    return seen | {"LANG": "C.UTF-8", "PYTHONUTF8": "1"}


def remove_settings(environment: MutableMapping[str, str]) -> None:
    """Take the services' settings out of *environment*, and what steers libraries: for services that are made up."""
    settings = _settings()
    for name in list(environment):
        if name.startswith(_STEERING) or name.upper() in _PROXIES or _is_setting(name, settings):
            del environment[name]


def _settings() -> frozenset[str]:
    """Name the variables that the services read."""
    fields = {field for service in SERVICES for field in settings_class(service.name).variables()}
    return frozenset(field.upper() for field in fields)


def _is_setting(name: str, settings: frozenset[str]) -> bool:
    return name.removesuffix("_FILE") in settings or name.startswith(("LINK_KEY__", *_WATCHING))
