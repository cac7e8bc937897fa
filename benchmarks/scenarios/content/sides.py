"""The sides, each ready to be measured with the same reader, and the pages that all of them read."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

import httpx

from benchmarks.deployment import Deployed
from benchmarks.load import run_client
from benchmarks.processes import Child
from benchmarks.runner import DoesNotWork, Side
from benchmarks.scenarios.content.peer import BY_ORJSON, BY_POSTGRES, LENGTH, serve_pages
from benchmarks.scenarios.content.reader import Row, reading, rows_of
from benchmarks.scenarios.content.stores import Stores

OURS = "ours"
NAMES = {
    OURS: "the content service",
    BY_POSTGRES: "asyncpg, PostgreSQL writes the JSON",
    BY_ORJSON: "asyncpg, orjson writes the JSON",
}
PAGES = 20
"""Pages that are read in turn, after the first one."""
_BACKLOG = 2048


@dataclass(frozen=True, slots=True)
class Pages:
    """
    Pages of the list.

    Attributes:
        rows: Those of each page, by the id of its first one.
        ours: The path of each at our service.
        peers: The same at a peer.
    """

    rows: Mapping[str, list[Row]]
    ours: Mapping[str, str]
    peers: Mapping[str, str]


def walk(url: str) -> Pages:
    """Read the list of our service page by page."""
    rows, ours, peers = dict[str, list[Row]](), dict[str, str](), dict[str, str]()
    path = f"/api/v1/pages?limit={LENGTH}"
    answer = httpx.get(url + path)
    for _ in range(PAGES):
        last, cursor = rows_of(answer.status_code, answer.content)[-1], answer.json()["next_cursor"]
        path = f"/api/v1/pages?{urlencode({'limit': LENGTH, 'cursor': cursor})}"
        answer = httpx.get(url + path)
        found = rows_of(answer.status_code, answer.content)
        first_id = found[0]["id"]
        rows[first_id], ours[first_id] = found, path
        before = datetime.fromisoformat(last["created_at"]).replace(tzinfo=None).isoformat()
        peers[first_id] = f"/?{urlencode({'before': before, 'id': last['id']})}"
    return Pages(rows, ours, peers)


@contextmanager
def ours(stores: Stores, services: Deployed, pages: Pages) -> Iterator[Side]:
    """Read pages of our service."""
    with Child(run_client, reading, services.address("content"), pages.ours) as client:
        client.ready()
        roots = {"service": [services.pids["content"]], "PostgreSQL": [stores.postgres_pid]}
        yield Side(OURS, NAMES[OURS], client.ask, roots)


@contextmanager
def peer(way: str, stores: Stores, pages: Pages) -> Iterator[Side]:
    """
    Run a peer, and read the same pages of it.

    Raises:
        DoesNotWork: Its pages differ from ours.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with (
            Child(serve_pages, listener, stores.pages, way) as server,
            Child(run_client, reading, url, pages.peers) as client,
        ):
            server.ready()
            client.ready()
            _compare(url, pages, NAMES[way])
            yield Side(way, NAMES[way], client.ask, {"service": [server.pid], "PostgreSQL": [stores.postgres_pid]})


def _compare(url: str, pages: Pages, name: str) -> None:
    for first_id, path in pages.peers.items():
        answer = httpx.get(url + path)
        if list(map(_plain, rows_of(answer.status_code, answer.content))) != list(map(_plain, pages.rows[first_id])):
            raise DoesNotWork(f"{name}: another page than ours: {answer.content[:300]!r}")


def _plain(row: Row) -> Row:
    """Return a row with its times as times: their text may differ."""
    return {name: datetime.fromisoformat(value) if name.endswith("_at") else value for name, value in row.items()}
