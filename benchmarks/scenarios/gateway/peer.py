"""
The same page composed by hand: FastAPI with httpx, as the tutorials have it.

Plain JSON, no sealing, limits, retries, deadlines or stored answers: if one service is down, there is no page.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from typing import Annotated, Any

import httpx
from fastapi import FastAPI, Header

from benchmarks.serving import serve

Json = dict[str, Any]


def serve_page(pipe: Connection, listener: socket.socket, urls: Mapping[str, str]) -> None:
    """Serve the page on *listener*, until killed; *urls* are the services' addresses."""
    serve(_page(urls), pipe, listener)


def _page(urls: Mapping[str, str]) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with httpx.AsyncClient() as client:
            app.state.client = client
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/page")
    async def read_page(authorization: Annotated[str, Header()], first: int = 20) -> Json:
        async def read(service: str, path: str, **query: Any) -> Json:  # noqa: ANN401 - as httpx takes it
            answer = await app.state.client.get(
                f"{urls[service]}/api/v1/{path}", params=query, headers={"Authorization": authorization}
            )
            found: Json = answer.raise_for_status().json()
            return found

        account, orders = await asyncio.gather(read("user", "users/profile"), read("order", "orders", limit=first))
        ids = list({line["product_id"] for order in orders["items"] for line in order["items"]})
        products = {one["id"]: one for one in (await read("product", "products", ids=ids))["items"]}
        return {"data": compose(account, orders, products)}

    return app


def compose(account: Json, orders: Json, products: Mapping[str, Json]) -> Json:
    """Return the page as GraphQL has it; *products* by their ids."""
    return {
        "me": {"id": account["id"], "name": account["username"]},
        "orders": {
            "edges": [{"node": _order(order, products)} for order in orders["items"]],
            "pageInfo": {"endCursor": orders["next_cursor"], "hasNextPage": orders["next_cursor"] is not None},
        },
    }


def _order(order: Json, products: Mapping[str, Json]) -> Json:
    return {
        "id": order["id"],
        "status": order["status"].upper(),
        "totalPrice": order["total_price"],
        "currency": order["currency"],
        "createdAt": order["created_at"],
        "lines": [_line(line, products.get(line["product_id"])) for line in order["items"]],
    }


def _line(line: Json, product: Json | None) -> Json:
    return {
        "quantity": line["quantity"],
        "unitPrice": line["unit_price"],
        "product": product and {"id": product["id"], "name": product["name"]},
    }
