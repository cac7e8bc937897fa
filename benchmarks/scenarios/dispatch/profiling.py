"""Profiles a call on either side of a candidate; a profiler adds time of its own, so compare parts only."""

import cProfile
import pstats
import signal
import socket
from collections.abc import Callable
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal

from pyinstrument import Profiler

from benchmarks.load import Load, Task, run_client, run_load
from benchmarks.processes import Child, run_on_uvloop
from benchmarks.scenarios.dispatch.candidates import CANDIDATES
from benchmarks.scenarios.dispatch.credentials import Secrets, make_secrets
from benchmarks.scenarios.dispatch.products import SMALL, ids_of

_ROWS = 60
_INTERVAL_S = 0.0002
_LONGEST_S = 60.0
_WARM_UP_S = 0.3


def profile(key: str, side: Literal["client", "server"], *, tree: bool, concurrency: int, calls: int) -> str:
    """Make *calls* and report how the time was spent on one side."""
    secrets = make_secrets()
    load = Load(concurrency, calls, 0.0, _LONGEST_S)
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=2048))
        serve = _serve if side == "server" else _serve_only
        server = stack.enter_context(Child(serve, listener, secrets, key, calls, tree))
        port = server.ready()
        if side == "client":
            client = stack.enter_context(Child(_call, key, port, secrets, load, tree))
            return str(client.pipe.recv())
        client = stack.enter_context(Child(run_client, CANDIDATES[key].connect, [port], secrets))
        client.ready()
        client.ask(Task(load, ids_of(SMALL)))
        server.terminate()
        return str(server.pipe.recv())


def _serve_only(pipe: Connection, listener: socket.socket, secrets: Secrets, key: str, *_: object) -> None:
    CANDIDATES[key].serve(pipe, listener, secrets)


def _serve(pipe: Connection, listener: socket.socket, secrets: Secrets, key: str, calls: int, tree: bool) -> None:  # noqa: FBT001
    signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises it again when it has ended
    profiler = _start(tree=tree)
    CANDIDATES[key].serve(pipe, listener, secrets)
    pipe.send(profiler(calls))


def _call(pipe: Connection, key: str, port: int, secrets: Secrets, load: Load, tree: bool) -> None:  # noqa: FBT001
    async def call() -> None:
        async with CANDIDATES[key].connect([port], secrets) as fetch:
            await run_load(fetch, ids_of(SMALL), Load(load.concurrency, 1, _WARM_UP_S, _WARM_UP_S))
            stop = _start(tree=tree)
            taken = await run_load(fetch, ids_of(SMALL), load)
            pipe.send(stop(taken.calls))

    run_on_uvloop(call())


def _start(*, tree: bool) -> Callable[[int], str]:
    """Start a profiler; returns a function that stops it and writes its report for this many calls."""
    if tree:
        sampling = Profiler(interval=_INTERVAL_S, async_mode="disabled")
        sampling.start()
        return lambda _calls: _tree(sampling)
    counting = cProfile.Profile()
    counting.enable()
    return lambda calls: _table(counting, calls)


def _tree(profiler: Profiler) -> str:
    profiler.stop()
    return str(profiler.output_text(unicode=True, show_all=True))


def _table(profiler: cProfile.Profile, calls: int) -> str:
    profiler.disable()
    lines = [f"{'own us':>8} {'all us':>8} {'times':>6}   per call, of {calls:,} calls"]
    rows = pstats.Stats(profiler).stats.items()  # type: ignore[attr-defined]  # unknown to typeshed
    for (file, line, name), (_, times, own, total, _) in sorted(rows, key=lambda row: -row[1][2])[:_ROWS]:
        place = "/".join(Path(file).parts[-2:])
        lines.append(
            f"{own / calls * 1e6:8.1f} {total / calls * 1e6:8.1f} {times / calls:6.1f}   {place}:{line} {name}"
        )
    return "\n".join(lines)
