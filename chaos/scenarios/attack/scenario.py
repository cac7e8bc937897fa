"""Attacks the service port and the edge, within bounds; a bystander's worst latency must stay bounded."""

import asyncio
import gc
import shutil
import ssl
import sys
from dataclasses import dataclass, field
from time import monotonic

from chaos.runner import make_folder
from chaos.scenarios.attack.attacks import ATTACKS, CONTROL, unverified
from chaos.scenarios.attack.target import Target, running_target
from cli.dev.console import say
from cli.dev.files import ROOT
from cli.errors import CommandError
from tests.support.fault_proxy import read_message

_QUIET_S = 1.5
"""Seconds for which the bystander is alone before and after each attack."""
_PAUSE_S = 0.02
_PATIENCE_S = 10.0


@dataclass(slots=True)
class Latencies:
    """The latencies of requests in milliseconds, and the requests with a wrong answer or none."""

    all_ms: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @property
    def worst_ms(self) -> float:
        """The longest latency."""
        return max(self.all_ms, default=0.0)

    @property
    def usual_ms(self) -> float:
        """The median latency."""
        return sorted(self.all_ms)[len(self.all_ms) // 2] if self.all_ms else 0.0


class Bystander:
    """Alternately reads a profile and tries a refresh token, over a new connection each time."""

    def __init__(self, port: int, token: str, tls: ssl.SSLContext | None) -> None:
        self._port = port
        self._tls = tls
        body = b'{"refresh_token":"unknown"}'
        head = "host: attacked\r\nconnection: close\r\n"
        read = f"GET /api/v1/users/profile HTTP/1.1\r\n{head}authorization: Bearer {token}\r\n\r\n"
        write = f"POST /api/v1/users/refresh HTTP/1.1\r\n{head}content-type: application/json\r\n"
        self._requests = {
            read.encode(): b" 200 ",
            f"{write}content-length: {len(body)}\r\n\r\n".encode() + body: b" 401 ",
        }

    async def use(self, seconds: float) -> Latencies:
        """Use the service for this many seconds."""
        latencies, ends = Latencies(), monotonic() + seconds
        while monotonic() < ends:
            for request, expected in self._requests.items():
                began = monotonic()
                answer = await self._request(request)
                latencies.all_ms.append((monotonic() - began) * 1000)
                if expected not in answer[:20]:
                    latencies.failed.append(answer[:20].decode("latin-1"))
                await asyncio.sleep(_PAUSE_S)
        return latencies

    async def _request(self, request: bytes) -> bytes:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port, ssl=self._tls)
                try:
                    writer.write(request)
                    return await read_message(reader)
                finally:
                    writer.transport.abort()
        except (OSError, EOFError, TimeoutError) as error:
            return repr(error).encode()


def run_attacks(only: str, *, seconds: float, bound_ms: float) -> None:
    """Run all attacks with *only* in their name, one after the other, at the service port and at the edge."""
    folder = make_folder("attack")
    names = [name for name in ATTACKS if only in name or name == CONTROL]
    with running_target(folder) as target:
        gc.collect()
        gc.freeze()  # otherwise a full collection here, of 0.1 s, would count as the service's latency
        too_slow = asyncio.run(_attack_all(names, target, seconds, bound_ms))
    if any(CONTROL in one for one in too_slow):
        say("This machine is too busy to judge: ordinary requests take as long.")
    if too_slow:
        sys.exit(f"A bystander was affected: {'; '.join(too_slow)}. Logs are in {folder}.")
    shutil.rmtree(folder)
    say(f"The bystander never waited longer than {bound_ms:.0f} ms.")


async def _attack_all(names: list[str], target: Target, seconds: float, bound_ms: float) -> list[str]:
    """Run all attacks; returns those that affected the bystander."""
    too_slow = []
    places = {"service": target.service, **({"edge": target.edge} if target.edge else {})}
    if not target.edge:
        say("nginx is not installed: the edge is left out.")
    say(f"{'median/longest ms of a bystander':<50}{'before':>14}{'during':>14}{'after':>14}")
    for place, port in places.items():
        bystander = Bystander(port, target.token, unverified() if place == "edge" else None)
        await bystander.use(_QUIET_S)  # warms up
        for name in names:
            before, during, after = await _attack(name, place, port, bystander, seconds)
            say(f"{place:<8} {name:<40} {_short(before):>14}{_short(during):>14}{_short(after):>14}")
            if during.worst_ms > bound_ms or during.failed or after.failed:
                too_slow.append(f"{name} at the {place} ({during.worst_ms:.0f} ms{_first(during, after)})")
    return too_slow


async def _attack(
    name: str, place: str, port: int, bystander: Bystander, seconds: float
) -> tuple[Latencies, Latencies, Latencies]:
    before = await bystander.use(_QUIET_S)
    tls = ["tls"] if place == "edge" else []
    command = [sys.executable, "-m", "chaos.scenarios.attack.attacks", name, str(port), str(seconds), *tls]
    attacker = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
    during = await bystander.use(seconds)
    if await attacker.wait():
        raise CommandError(f"The attack {name!r} failed by itself.")
    return before, during, await bystander.use(_QUIET_S)


def _short(latencies: Latencies) -> str:
    failed = f" !{len(latencies.failed)}" if latencies.failed else ""
    return f"{latencies.usual_ms:.0f}/{latencies.worst_ms:.0f}{failed}"


def _first(*latencies: Latencies) -> str:
    failed = [answer for one in latencies for answer in one.failed]
    return f", {len(failed)} not answered, first {failed[0]!r}" if failed else ""
