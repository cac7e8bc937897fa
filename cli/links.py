"""Which services are linked: the calls that each service declares, and the outside client."""

from importlib import import_module

from chassis.sealing.access import CLIENT
from chassis.settings import ServiceSettings
from cli.services import SERVICES


def links() -> list[tuple[str, str]]:
    """Return every direction that needs a key: (sender, receiver), both ways for each caller and callee, sorted."""
    calls = {(service.name, callee) for service in SERVICES for callee in settings_class(service.name).peers}
    calls |= {(CLIENT, service.name) for service in SERVICES}
    return sorted(calls | {(callee, caller) for caller, callee in calls})


def token_issuer() -> str:
    """Return the service that issues access tokens."""
    return next(service.name for service in SERVICES if _signs_tokens(service.name))


def _signs_tokens(service: str) -> bool:
    return "jwt_private_key" in settings_class(service).model_fields


def settings_class(service: str) -> type[ServiceSettings]:
    """Return the settings class of a service."""
    settings: type[ServiceSettings] = import_module(f"{service}.settings").Settings
    return settings
