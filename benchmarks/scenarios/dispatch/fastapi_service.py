"""FastAPI under uvicorn, for all candidates that use it; called with httpx.AsyncClient, and with Fernet by hand."""

import json
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from multiprocessing.connection import Connection
from typing import Annotated
from uuid import UUID

import httpx
import uvicorn
from cryptography.fernet import Fernet
from fastapi import FastAPI, Header, HTTPException
from pydantic import BaseModel

from benchmarks.load import Fetch
from benchmarks.processes import end_with_parent
from benchmarks.scenarios.dispatch.credentials import Secrets
from benchmarks.scenarios.dispatch.products import Product, ProductRead, make_products


class Sealed(BaseModel):
    """An answer encrypted by hand."""

    encrypted_data: str


def build(secrets: Secrets) -> FastAPI:
    """Build the application, with a plain route and an encrypted one."""
    app = FastAPI()
    products = make_products()
    fernet = Fernet(secrets.fernet)

    def find(product_id: UUID) -> Product:
        if product_id not in products:
            raise HTTPException(404)
        return products[product_id]

    @app.get("/products/{product_id}", response_model=ProductRead)
    async def read_product(product_id: UUID) -> Product:
        return find(product_id)

    @app.get("/encrypted/products")
    async def read_encrypted_product(x_encrypted_data: Annotated[str, Header()]) -> Sealed:
        wanted = json.loads(fernet.decrypt(x_encrypted_data))
        product = ProductRead.model_validate(find(UUID(wanted["product_id"])), from_attributes=True)
        return Sealed(encrypted_data=fernet.encrypt(product.model_dump_json().encode()).decode())

    return app


def serve(pipe: Connection, listener: socket.socket, secrets: Secrets) -> None:
    """Serve (see ``Candidate``)."""
    run_uvicorn(pipe, listener, partial(build, secrets))


def run_uvicorn(
    pipe: Connection, listener: socket.socket, build: Callable[[], FastAPI], http: str = "httptools"
) -> None:
    """Serve the application of *build* on *listener*, which workers share; sends the port when ready."""
    end_with_parent(pipe)
    config = uvicorn.Config(
        build, factory=True, loop="uvloop", http=http, access_log=False, log_level="warning",
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    _Server(config, lambda: pipe.send(listener.getsockname()[1])).run(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


@asynccontextmanager
async def connect_plain(ports: Sequence[int], _secrets: Secrets) -> AsyncIterator[Fetch]:
    """Open a client with its defaults."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports[0]}") as client:

        async def fetch(product_id: str) -> str:
            answer = await client.get(f"/products/{product_id}")
            answer.raise_for_status()
            return str(answer.json()["id"])

        yield fetch


@asynccontextmanager
async def connect_encrypted(ports: Sequence[int], secrets: Secrets) -> AsyncIterator[Fetch]:
    """Open a client with its defaults; both messages are encrypted by hand."""
    fernet = Fernet(secrets.fernet)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports[0]}") as client:

        async def fetch(product_id: str) -> str:
            token = fernet.encrypt(json.dumps({"product_id": product_id}).encode()).decode()
            answer = await client.get("/encrypted/products", headers={"X-Encrypted-Data": token})
            answer.raise_for_status()
            return str(json.loads(fernet.decrypt(answer.json()["encrypted_data"]))["id"])

        yield fetch
