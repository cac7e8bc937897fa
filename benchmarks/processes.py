"""Child processes that communicate through a pipe and end with their parent, and the CPU and memory of processes."""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Self

import psutil
import uvloop

_SPAWN = multiprocessing.get_context("spawn")
_START_S = 30.0
_STOP_S = 5.0


class NotStarted(Exception):
    """A child process did not report that it is ready."""


class Child:
    """
    A process that runs ``function(pipe, *arguments)`` and reports through its pipe that it is ready.

    A context manager that stops it.
    """

    def __init__(self, function: Callable[..., None], *arguments: Any) -> None:  # noqa: ANN401 - handed on
        """Start it, without waiting until it is ready."""
        self.pipe, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=_run, args=(function, theirs, *arguments), daemon=True)
        self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process.pid is not None
        return self._process.pid

    def ready(self) -> Any:  # noqa: ANN401 - whatever it says
        """
        Wait for its first message, and return it.

        Raises:
            NotStarted: It ended, or sent no message for 30 s.
        """
        with suppress(EOFError):
            if self.pipe.poll(_START_S):
                return self.pipe.recv()
        raise NotStarted(str(self._process))

    def ask(self, question: Any) -> Any:  # noqa: ANN401 - whatever is picklable
        """Send *question* and wait for the answer."""
        self.pipe.send(question)
        return self.pipe.recv()

    def terminate(self) -> None:
        """Request its end (SIGTERM), without waiting."""
        self._process.terminate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.terminate()
        self._process.join(_STOP_S)
        self._process.kill()
        self._process.join()
        self.pipe.close()


def _run(function: Callable[..., None], pipe: Connection, *arguments: object) -> None:
    """Run *function* in the child; Ctrl-C is handled by the parent, which ends the child."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(BrokenPipeError):
        function(pipe, *arguments)


def run_on_uvloop(work: Coroutine[Any, Any, None]) -> None:
    """Run *work* as a child does: on the event loop of the services."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


def end_with_parent(pipe: Connection) -> None:
    """End this process at once when the other end of *pipe* is closed; for a child that does not read from it."""

    def watch() -> None:
        with suppress(EOFError, OSError):
            pipe.recv()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


async def hear(pipe: Connection) -> Any:  # noqa: ANN401 - whatever was asked
    """Wait in a child for the parent's next question; None when the parent has ended."""
    try:
        return await asyncio.to_thread(pipe.recv)
    except EOFError:
        return None


def tree_cpu_s(root: int) -> float:
    """Return the seconds of CPU that a process and its descendants have used so far."""
    process = psutil.Process(root)
    return sum(map(_cpu_s, (process, *process.children(recursive=True))))


def descendants_memory_mib(root: int) -> float:
    """Return the memory of a process's descendants; shared memory counts once (proportional set size)."""
    return sum(map(_memory_mib, psutil.Process(root).children(recursive=True)))


def busy_s() -> float:
    """Return the seconds of CPU that all processes of this machine have used since it started."""
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    # Guests are already included in user and nice.
    return float(sum(times) - idle - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0))


def _cpu_s(process: psutil.Process) -> float:
    """Return a process's seconds of CPU; 0 if it has just ended."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _memory_mib(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().pss / 2**20)
    except psutil.NoSuchProcess:
        return 0.0
