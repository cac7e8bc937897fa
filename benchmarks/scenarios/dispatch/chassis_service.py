"""Ours: the dispatcher and a service on the chassis, with everything that a service has."""

import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from multiprocessing.connection import Connection
from typing import ClassVar
from uuid import UUID

from fastapi import FastAPI
from pydantic import SecretStr

from benchmarks.load import Fetch
from benchmarks.scenarios.dispatch.credentials import Secrets
from benchmarks.scenarios.dispatch.fastapi_service import run_uvicorn
from benchmarks.scenarios.dispatch.products import Product, ProductRead, make_products
from chassis.app import create_app
from chassis.core.errors import NotFound
from chassis.dependencies import PERSON
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.transport import Transport
from chassis.dispatch.transports import DEFAULT_TRANSPORT
from chassis.sealing.access import optional
from chassis.sealing.envelope import Envelope
from chassis.sealing.keys import load_links
from chassis.settings import Environment, ServiceSettings
from chassis.web.routing import service_router
from tests.support.serving import NoDatabase
from user.tokens.issuer import TokenIssuer

_CALLER = "shop"
_CALLED = "catalogue"


class Settings(ServiceSettings):
    """The catalogue's settings."""

    service_name: ClassVar[str] = _CALLED


def build(secrets: Secrets) -> FastAPI:
    """Build the service."""
    settings = Settings(
        environment=Environment.PRODUCTION,
        log_level="WARNING",
        cursor_key=SecretStr(secrets.link_there),
        link_key={
            sender: {receiver: SecretStr(key) for receiver, key in to.items()} for sender, to in _keys(secrets).items()
        },
    )
    router, private = service_router("products"), service_router("private")
    products = make_products()

    async def read_product(product_id: UUID) -> Product:
        try:
            return products[product_id]
        except KeyError as error:
            raise NotFound from error

    router.get("/{product_id}", access=optional(), response_model=ProductRead)(read_product)
    private.get("/{product_id}", access=optional(), auth=PERSON, response_model=ProductRead)(read_product)
    return create_app(settings, NoDatabase(), router, private, keys=_issuer(secrets), revocations=_NoneRevoked())


class _NoneRevoked:
    """The revoked sessions, of which there are none."""

    async def is_revoked(self, session_id: UUID) -> bool:  # noqa: ARG002 - the protocol's name
        """Return that the session is valid."""
        return False


def _issuer(secrets: Secrets) -> TokenIssuer:
    """Return the issuer of the tokens, which is in the service itself, like that of the user service."""
    defaults = Settings.model_fields
    return TokenIssuer(secrets.signing_key, defaults["jwt_issuer"].default, defaults["jwt_audience"].default)


def serve(pipe: Connection, listener: socket.socket, secrets: Secrets) -> None:
    """Serve (see ``Candidate``)."""
    run_uvicorn(pipe, listener, partial(build, secrets), http="chassis.web.http_protocol:LimitedProtocol")


@asynccontextmanager
async def connect(
    ports: Sequence[int],
    secrets: Secrets,
    *,
    sealed: bool,
    as_person: bool = False,
    make_transport: Callable[[], Transport] = DEFAULT_TRANSPORT,
) -> AsyncIterator[Fetch]:
    """Open the dispatcher, as a service does."""
    envelope = Envelope(_CALLER, load_links(_CALLER, _keys(secrets), {_CALLED}))
    dispatcher = Dispatcher({_CALLED: f"http://127.0.0.1:{ports[0]}"}, envelope, make_transport)

    token = _issuer(secrets).issue(UUID(int=1), UUID(int=2), ["user"]) if as_person else None
    products = f"/api/v1/{'private' if as_person else 'products'}"

    async def fetch(product_id: str) -> str:
        answer = await dispatcher.send(_CALLED, "GET", f"{products}/{product_id}", sealed=sealed, bearer=token)
        return str(answer.json()["id"])

    try:
        yield fetch
    finally:
        await dispatcher.aclose()


def _keys(secrets: Secrets) -> dict[str, dict[str, str]]:
    return {_CALLER: {_CALLED: secrets.link_there}, _CALLED: {_CALLER: secrets.link_back}}
