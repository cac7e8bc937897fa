"""Which services are linked: who calls whom, as each service declares it, and the outside client."""

from importlib import import_module

from chassis.sealing.access import CLIENT
from chassis.settings import ServiceSettings
from cli.services import SERVICES


def links() -> list[tuple[str, str]]:
    """Give every direction that needs a key: (sender, receiver), both ways for each caller and callee, sorted."""
    calls = {(service.name, callee) for service in SERVICES for callee in settings_class(service.name).peers}
    calls |= {(CLIENT, service.name) for service in SERVICES}
    return sorted(calls | {(callee, caller) for caller, callee in calls})


def settings_class(service: str) -> type[ServiceSettings]:
    """Give the settings class of a service."""
    settings: type[ServiceSettings] = import_module(f"{service}.settings").Settings
    return settings
