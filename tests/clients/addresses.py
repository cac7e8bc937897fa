"""Where people reach a service."""

from collections.abc import Mapping

from cli.services import FRONT, find_service


def address_of(environment: Mapping[str, str], service: str) -> str:
    """Return the address of the service that fronts the others, if there is one; otherwise that of *service*."""
    return environment[(FRONT or find_service(service)).url_variable]
