"""The tiny service with a route of each mode, its keys, a clock to move and a replay store to break."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from time import time_ns
from typing import Any

from fastapi import FastAPI

from chassis.application import application_of
from chassis.core.errors import DatabaseUnavailable
from chassis.core.types import Body
from chassis.idempotency.kinds import REPEATABLE, UNREPEATABLE
from chassis.sealing.access import encrypted, optional, public, service
from chassis.sealing.envelope import Envelope
from chassis.sealing.keys import load_links
from chassis.sealing.server import Receiver
from chassis.telemetry import tracing
from chassis.web.routing import service_router
from tests.chassis.tiny import serve_tiny
from tests.sealing.messages import Forge, as_setting, make_keys
from tests.support.serving import NoDatabase

THINGS = "/api/v1/things"
SECRET = "xyzzy-plugh-4711"
router = service_router("things")


class Thing(Body):
    """A thing; creating the unlucky one raises an unexpected exception."""

    name: str


async def _make(thing: Thing) -> Thing:
    if thing.name == "unlucky":
        raise RuntimeError(SECRET)
    MADE.append(thing.name)
    return thing


MADE: list[str] = []
"""The names of the created things."""

# One endpoint per mode: a mode is the endpoint's.


@router.post("/service", access=service("order"), idempotency=REPEATABLE)
async def make_as_service(thing: Thing) -> Thing:
    """Create a thing for the order service."""
    return await _make(thing)


@router.post("/encrypted", access=encrypted(), idempotency=UNREPEATABLE)
async def make_encrypted(thing: Thing) -> Thing:
    """Create a thing for any linked peer."""
    return await _make(thing)


@router.post("/optional", access=optional(), idempotency=UNREPEATABLE)
async def make_optional(thing: Thing) -> Thing:
    """Create a thing for any caller, sealed on request."""
    return await _make(thing)


@router.post("/public", access=public(), idempotency=UNREPEATABLE)
async def make_public(thing: Thing) -> Thing:
    """Create a thing for any caller."""
    return await _make(thing)


@router.get("/read", access=service("order"))
async def read() -> dict[str, list[str]]:
    """Return to the order service what was created."""
    return {"made": MADE}


class Replays(NoDatabase):
    """A replay store in memory, which may be down."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, str]] = set()
        self.is_down = False

    async def claim(self, issuer: str, request_id: str) -> bool:
        """Store the request id; False if it was there."""
        if self.is_down:
            raise DatabaseUnavailable
        is_new = (issuer, request_id) not in self.seen
        self.seen.add((issuer, request_id))
        return is_new


@dataclass(slots=True)
class Clock:
    """The time of day, plus what the test adds."""

    ahead_ms: int = 0

    def __call__(self) -> int:
        """Return it in milliseconds since 1970."""
        return time_ns() // 1_000_000 + self.ahead_ms


@dataclass(frozen=True, slots=True)
class SealedTiny:
    """The running service and the parts that a test moves."""

    app: FastAPI
    url: str
    keys: Mapping[str, str]
    replays: Replays
    clock: Clock = field(default_factory=Clock)

    def forge(self, mode: str = "service", **differently: Any) -> Forge:  # noqa: ANN401 - fields of the forge
        """Return the maker of the order service's messages to the route of a mode."""
        forge = Forge("order", "tiny", self.keys, "POST", f"{THINGS}/{mode}", json={"name": "cup"})
        return replace(forge, **differently)

    def restart_with(self, keys: Mapping[str, str]) -> None:
        """Continue with other keys, as after a restart."""
        envelope = Envelope("tiny", load_links("tiny", as_setting(keys), set()), self.clock)
        before = application_of(self.app)
        receiver = Receiver(
            envelope,
            self.replays,
            strict=before.settings.strict,
            max_body=1024,
            max_in_flight=256,
            on_open=tracing.begin_request,
        )
        self.app.state.application = replace(before, receiver=receiver)


@asynccontextmanager
async def serve_sealed_tiny(keys: Mapping[str, str] | None = None, **settings: Any) -> AsyncIterator[SealedTiny]:  # noqa: ANN401
    """Run it on a real socket."""
    keys, replays = keys or make_keys("order", "client", "tiny"), Replays()
    own = {name: ring for name, ring in keys.items() if "TINY" in name}
    async with serve_tiny(router, store=replays, link_key=as_setting(own), **settings) as tiny:
        service = SealedTiny(tiny.app, str(tiny.client.base_url).rstrip("/"), keys, replays)
        service.restart_with(own)
        MADE.clear()
        yield service
