"""The services with their gateways and the page composed by hand, and the sides that are measured with them."""

import resource
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.deployment import Deployed, deploy, log_in, start, wait_until_ready
from benchmarks.load import run_client
from benchmarks.processes import Child
from benchmarks.runner import DoesNotWork, Side
from benchmarks.scenarios.gateway.peer import serve_page
from benchmarks.scenarios.gateway.reader import page_of, reading
from benchmarks.scenarios.growth.client import shop_at
from benchmarks.scenarios.orders.stores import Stores
from cli.dev.ports import free_port
from cli.dev.processes import stop_all
from cli.services import SERVICES
from gateway.graphql.documents import document_id, read_folder

DIRECT, GATEWAY, COUNTED = "direct", "gateway", "counted"
BY_ID, BY_TEXT, BY_HAND = "by id", "by text", "by hand"
NAMES = {
    DIRECT: "the service itself, plainly",
    GATEWAY: "through the gateway, sealed",
    COUNTED: "the same, requests counted",
    BY_ID: "GraphQL, a trusted document",
    BY_TEXT: "GraphQL, the document sent",
    BY_HAND: "FastAPI and httpx by hand",
}
PAGE = 20
"""Orders of the composed page."""
_WORKERS = {"analytics": 1, "user": 1, "product": 1, "order": 1}
_GATEWAYS = {
    GATEWAY: {"GATEWAY_RATE_LIMITS": "off", "GRAPHQL_DOCUMENTS": "any", "MAX_IN_FLIGHT": "2400"},
    COUNTED: {"GATEWAY_RATE_LIMITS": '{"default": "999999/60"}', "MAX_IN_FLIGHT": "2400"},
}
"""The settings of each gateway. Half of MAX_IN_FLIGHT is for subscriptions; a worker has at most 768 connections."""
_BACKLOG = 2048


@dataclass(frozen=True, slots=True)
class Stack:
    """
    What runs.

    Attributes:
        gateways: The addresses of the gateways, by side.
        page: The address of the page composed by hand.
        roots: The roots of the processes, by part.
        token: Of the person who reads.
    """

    services: Deployed
    stores: Stores
    gateways: Mapping[str, str]
    page: str
    roots: Mapping[str, Sequence[int]]
    token: str

    @contextmanager
    def requests(self, side: str, token: str) -> Iterator[Side]:
        """Read and place orders: directly, or through a gateway."""
        url = self.gateways.get(side) or self.services.address("order")
        # There is no password: nobody logs in.
        with Child(run_client, shop_at, {"orders": url}, {"person": token}, "") as client:
            client.ready()
            yield self._side(side, client)

    @contextmanager
    def pages(self, side: str) -> Iterator[Side]:
        """Read the composed page."""
        with Child(run_client, reading, *self._page_request(side)) as client:
            client.ready()
            yield self._side(side, client)

    def check_pages(self) -> None:
        """
        Read the composed page once in each way.

        Raises:
            DoesNotWork: They differ, or there are not as many orders as a page has.
        """
        found = {side: self._read_page(side) for side in (BY_ID, BY_TEXT, BY_HAND)}
        if any(page != found[BY_HAND] for page in found.values()) or len(found[BY_HAND]["orders"]["edges"]) != PAGE:
            raise DoesNotWork(f"The pages differ: {found}")

    def _read_page(self, side: str) -> dict[str, Any]:
        method, url, token, body = self._page_request(side)
        answer = httpx.request(method, url, json=body, headers={"Authorization": f"Bearer {token}"})
        return page_of(answer.status_code, answer.content)

    def _page_request(self, side: str) -> tuple[str, str, str, dict[str, Any] | None]:
        if side == BY_HAND:
            return "GET", f"{self.page}/page?first={PAGE}", self.token, None
        text = document("orders")
        asked = {"documentId": document_id(text)} if side == BY_ID else {"query": text}
        return "POST", f"{self.gateways[GATEWAY]}/graphql", self.token, {**asked, "variables": {"first": PAGE}}

    def _side(self, side: str, client: Child) -> Side:
        gateway = {"gateway": self.roots.get(side) or self.roots[GATEWAY]}
        theirs = {BY_HAND: {"by hand": self.roots[BY_HAND]}, DIRECT: {}}.get(side, gateway)
        shared = {part: pids for part, pids in self.roots.items() if part not in (*_GATEWAYS, BY_HAND)}
        return Side(side, NAMES[side], client.ask, theirs | shared, self.stores.wait_for_events)


def document(name: str) -> str:
    """Return the text of a trusted document."""
    return read_folder()[f"{name}.graphql"]


@contextmanager
def run_stack(stores: Stores, secrets: Mapping[str, str], folder: Path) -> Iterator[Stack]:
    """
    Run everything until the end of the block, each with one worker.

    Raises:
        NotReady: A service does not start.
    """
    _allow_many_files()
    with ExitStack() as stack:
        services = stack.enter_context(deploy(stores.ours, secrets, folder, _WORKERS))
        gateways = {name: stack.enter_context(_gateway(services, folder, name)) for name in _GATEWAYS}
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG))
        urls = {name: services.address(name) for name in _WORKERS}
        by_hand = stack.enter_context(Child(serve_page, listener, urls))
        by_hand.ready()
        pids = services.pids
        roots = {name: [pid] for name, (pid, _) in gateways.items()} | {BY_HAND: [by_hand.pid]}
        roots |= {name: [pids[name]] for name in ("order", "product", "user")}
        roots |= {"PostgreSQL": [*stores.postgres_pids], "events": [pids["analytics"], *stores.mongodb_pids]}
        addresses = {name: url for name, (_, url) in gateways.items()}
        page = f"http://127.0.0.1:{listener.getsockname()[1]}"
        yield Stack(services, stores, addresses, page, roots, log_in(services.environment))


@contextmanager
def _gateway(services: Deployed, folder: Path, name: str) -> Iterator[tuple[int, str]]:
    """Run a gateway; yields the root of its processes and its address."""
    service = next(one for one in SERVICES if one.name == "gateway")
    port, log = free_port(), folder / f"{name}-gateway.log"
    process = start(service, {**services.environment, **_GATEWAYS[name]}, port=port, workers=1, log=log)
    with ExitStack() as stack:
        stack.callback(lambda: stop_all([process]))
        wait_until_ready(port, log)
        yield process.pid, f"http://127.0.0.1:{port}"


def _allow_many_files() -> None:
    """Let the processes that are started open as many files as they may: each subscription is one on both sides."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
