"""``make attack``: attack the service port and the edge; a bystander's worst latency must stay bounded."""

import asyncio
import gc
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from chaos.scenarios.attack.attacker import unverified
from chaos.scenarios.attack.attacks import ATTACKS, CONTROL
from chaos.scenarios.attack.bystander import Bystander, Latencies
from chaos.scenarios.attack.target import Target, running_target
from cli.dev.console import say
from cli.dev.files import ROOT
from cli.errors import CommandError

_QUIET_S = 1.5
"""How long the bystander is alone before and after each attack."""


def attack(
    *,
    bound_ms: Annotated[float, typer.Option(help="The bystander's longest request during an attack.")] = 100.0,
    seconds: Annotated[float, typer.Option(help="How long each attack lasts.")] = 5.0,
    only: Annotated[str, typer.Option(help="Attacks with this in their name alone.")] = "",
) -> None:
    """Attack by all known ways, one after the other, at the service port and at the edge."""
    folder = Path(tempfile.mkdtemp(prefix="attack-"))
    folder.chmod(0o711)  # PostgreSQL runs as nobody where we are root, and has its data in it
    names = [name for name in ATTACKS if only in name or name == CONTROL]
    with running_target(folder) as target:
        gc.collect()
        gc.freeze()  # else a full collection here, of 0.1 s, is taken for the service's
        too_slow = asyncio.run(_attack_all(names, target, seconds, bound_ms))
    if any(CONTROL in one for one in too_slow):
        say("This machine is too busy to tell: ordinary requests take as long.")
    if too_slow:
        sys.exit(f"Somebody else noticed: {'; '.join(too_slow)}. Logs are in {folder}.")
    shutil.rmtree(folder)
    say(f"Nobody else waited longer than {bound_ms:.0f} ms.")


async def _attack_all(names: list[str], target: Target, seconds: float, bound_ms: float) -> list[str]:
    """Attack in all ways; returns those that the bystander noticed."""
    too_slow = []
    places = {"service": target.service, **({"edge": target.edge} if target.edge else {})}
    if not target.edge:
        say("nginx is not installed: the edge is left out.")
    say(f"{'median/longest ms of somebody else':<50}{'before':>14}{'during':>14}{'after':>14}")
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
    command = [sys.executable, "-m", "chaos.scenarios.attack.attacker", name, str(port), str(seconds), *tls]
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


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(attack)
    app()
