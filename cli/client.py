"""The outside client: makes sealed calls to the services as `client`, from the command line and in tests."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from chassis.dispatch.dispatcher import Dispatcher
from chassis.sealing.envelope import Envelope
from chassis.sealing.keys import load_links
from cli.links import CLIENT
from cli.services import SERVICES


@asynccontextmanager
async def client(environment: Mapping[str, str]) -> AsyncIterator[Dispatcher]:
    """
    Give a dispatcher that speaks as `client`.

    Args:
        environment: Has the addresses of the services and the keys of the client's links.

    Raises:
        InvalidKeys: A key of a link is missing or malformed.
    """
    names = {service.name for service in SERVICES}
    links = load_links(CLIENT, _link_keys(environment), names)
    peers = {service.name: environment[service.url_variable] for service in SERVICES}
    dispatcher = Dispatcher(peers, Envelope(CLIENT, links))
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
