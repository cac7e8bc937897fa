"""gRPC's asyncio API with generated stubs, with mutual TLS and without."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from typing import Any
from uuid import UUID

import grpc
import grpc.aio

from benchmarks.load import Fetch
from benchmarks.processes import end_with_parent, run_on_uvloop
from benchmarks.scenarios.dispatch.credentials import Secrets
from benchmarks.scenarios.dispatch.products import make_products

_PROTO = "benchmarks/scenarios/dispatch/product.proto"
_GRACE_S = 0.2
_TIMEOUT_S = 10.0
"""For a call; the dispatcher's default."""
_OPTIONS = [
    ("grpc.service_config", '{"loadBalancingConfig": [{"round_robin": {}}]}'),
    ("grpc.enable_http_proxy", 0),
    ("grpc.ssl_target_name_override", "localhost"),
]


def serve(pipe: Connection, listener: socket.socket, secrets: Secrets, *, tls: bool) -> None:
    """Serve (see ``Candidate``), on a port of its own: gRPC's clients balance over addresses."""
    listener.close()
    end_with_parent(pipe)
    run_on_uvloop(_serve(pipe.send, secrets if tls else None))


async def _serve(ready: Callable[[int], None], secrets: Secrets | None) -> None:
    messages, services = _generated()
    server = grpc.aio.server()
    services.add_ProductsServicer_to_server(_make_servicer(messages, services), server)
    address = "127.0.0.1:0"
    if secrets:
        port = server.add_secure_port(address, _server_credentials(secrets))
    else:
        port = server.add_insecure_port(address)
    await server.start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    ready(port)
    await stop.wait()
    await server.stop(_GRACE_S)


def _make_servicer(messages: Any, services: Any) -> object:  # noqa: ANN401 - made at run time
    products = make_products()

    class Servicer(services.ProductsServicer):  # type: ignore[misc]
        async def Read(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802 - as it is generated
            product = products.get(UUID(request.id))
            if product is None:
                await context.abort(grpc.StatusCode.NOT_FOUND, "There is no such product.")
                return None
            return messages.Product(
                id=str(product.id),
                name=product.name,
                description=product.description,
                price_cents=product.price_cents,
                currency=product.currency,
                stock=product.stock,
            )

    return Servicer()


@asynccontextmanager
async def connect(ports: Sequence[int], secrets: Secrets, *, tls: bool) -> AsyncIterator[Fetch]:
    """Open one channel, which balances over the servers."""
    messages, services = _generated()
    target = "ipv4:" + ",".join(f"127.0.0.1:{port}" for port in ports)
    if tls:
        channel = grpc.aio.secure_channel(target, _client_credentials(secrets), _OPTIONS)
    else:
        channel = grpc.aio.insecure_channel(target, _OPTIONS)
    async with channel:
        stub = services.ProductsStub(channel)

        async def fetch(product_id: str) -> str:
            product = await stub.Read(messages.ProductRequest(id=product_id), timeout=_TIMEOUT_S)
            return str(product.id)

        yield fetch


def _generated() -> tuple[Any, Any]:
    """Generate and import the modules of messages and of services, in memory."""
    messages, services = grpc.protos_and_services(_PROTO)
    return messages, services


def _server_credentials(secrets: Secrets) -> grpc.ServerCredentials:
    own = (secrets.server.key, secrets.server.certificate)
    return grpc.ssl_server_credentials([own], root_certificates=secrets.authority, require_client_auth=True)


def _client_credentials(secrets: Secrets) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(secrets.authority, secrets.client.key, secrets.client.certificate)
