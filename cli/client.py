"""Sealed calls to the services from the command line and in tests: as the outside client, or as one of the services."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager

from chassis.dispatch.breaker import PAUSE_S
from chassis.dispatch.dispatcher import Dispatcher
from chassis.sealing.access import CLIENT
from chassis.sealing.envelope import Envelope
from chassis.sealing.keys import load_links
from cli.environment import service_url
from cli.services import SERVICES

_EVERYBODY = frozenset(service.name for service in SERVICES)


@asynccontextmanager
async def client(
    environment: Mapping[str, str],
    name: str = CLIENT,
    peers: Collection[str] = _EVERYBODY,
    pause_s: float = PAUSE_S,
) -> AsyncIterator[Dispatcher]:
    """
    Yield a dispatcher that calls as `client`, or under another name.

    Args:
        environment: Contains the addresses of the services and the keys of the links.
        peers: The services that it calls.
        pause_s: The time for which a breaker stays open, seconds.

    Raises:
        CommandError: An address is not set.
        InvalidKeys: A key of a link is missing or malformed.
    """
    addresses = {one.name: service_url(one, environment) for one in SERVICES if one.name in peers}
    links = load_links(name, _link_keys(environment), set(peers))
    dispatcher = Dispatcher(addresses, Envelope(name, links), pause_s=pause_s)
    try:
        yield dispatcher
    finally:
        await dispatcher.aclose()


def _link_keys(environment: Mapping[str, str]) -> dict[str, dict[str, str]]:
    keys: dict[str, dict[str, str]] = {}
    for variable, value in environment.items():
        prefix, _, direction = variable.partition("__")
        if prefix == "LINK_KEY":
            sender, _, receiver = direction.lower().partition("__")
            keys.setdefault(sender, {})[receiver] = value
    return keys
