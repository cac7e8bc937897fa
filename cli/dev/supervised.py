"""
Run a command that cannot outlive its launcher: `python supervised.py <command> …`, standard library only.

The launcher holds the other end of our standard input. One byte requests a clean stop. The end of input, which the
launcher's death by SIGKILL also causes, kills the command and all its descendants at once.

PR_SET_PDEATHSIG alone is not enough: it fires when the *thread* that forked ends, and it is not inherited, while the
processes that must end are grandchildren (uvicorn's reload workers).
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

GRACE = 1.5  # seconds between the request to stop and the kill

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def main(command: list[str]) -> int:
    """Run *command* to its end, reap its orphans, and return its exit code (negative: a signal)."""
    # Orphans of the command become our children, so our own end proves that all of them have ended.
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        close_fds=False,  # inherited files are for the command
        process_group=0,
        preexec_fn=_become_command,  # noqa: PLW1509  there are no threads yet
    )
    ended = threading.Event()
    threading.Thread(target=_obey, args=[child.pid, ended], daemon=True).start()
    code = child.wait()
    ended.set()
    _signal_group(child.pid, signal.SIGKILL)
    with suppress(ChildProcessError):
        while True:
            os.wait()
    return code


def _become_command() -> None:
    """Enable SIGINT, which a shell disables for background jobs, and have it sent when the parent dies."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal_when_parent_dies(signal.SIGINT)


def signal_when_parent_dies(number: signal.Signals) -> None:
    """Have the kernel send *number* to this process when its parent dies (Linux; no effect elsewhere)."""
    _prctl(_PR_SET_PDEATHSIG, number)


def _obey(group: int, ended: threading.Event) -> None:
    """Wait for the request to stop; SIGINT means a clean, quick stop to uvicorn, PostgreSQL and MongoDB alike."""
    if os.read(sys.stdin.fileno(), 1):
        _signal_group(group, signal.SIGINT)
        ended.wait(GRACE)
    _signal_group(group, signal.SIGKILL)


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
