"""Which services are linked: the calls that each service declares, and the outside client."""

from collections.abc import Iterable
from importlib import import_module

from chassis.sealing.access import CLIENT
from chassis.settings import ServiceSettings
from cli.errors import CommandError
from cli.services import SERVICES, Service


def links() -> list[tuple[str, str]]:
    """Return every direction that needs a key: (sender, receiver), both ways for each caller and callee, sorted."""
    calls = {(service.name, callee) for service in SERVICES for callee in settings_class(service.name).peers}
    calls |= {(CLIENT, service.name) for service in SERVICES}
    return sorted(calls | {(callee, caller) for caller, callee in calls})


def with_peers(services: Iterable[Service]) -> tuple[Service, ...]:
    """Return services and all that they need: those that they call, or deliver events to, and so on."""
    needed, waiting = set[str](), {service.name for service in services}
    while waiting:
        needed |= waiting
        waiting = {peer for name in waiting for peer in settings_class(name).peers} - needed
    return tuple(service for service in SERVICES if service.name in needed)


def token_issuer() -> str:
    """Return the service that issues access tokens."""
    return next(service.name for service in SERVICES if _signs_tokens(service.name))


def _signs_tokens(service: str) -> bool:
    return "jwt_private_key" in settings_class(service).model_fields


def settings_class(service: str) -> type[ServiceSettings]:
    """
    Return the settings class of a service.

    Raises:
        CommandError: It has no settings.py.
    """
    module = f"{service}.settings"
    try:
        settings: type[ServiceSettings] = import_module(module).Settings
    except ModuleNotFoundError as error:
        if error.name not in {service, module}:
            raise
        message = f"{service}/settings.py is missing: a folder with a service.toml needs it, and main.py."
        raise CommandError(message) from None
    return settings
