"""Real gunicorn processes of a service, as the production image starts them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.dev.files import ROOT
from cli.dev.polling import wait_until
from cli.dev.ports import is_ready


@dataclass(slots=True)
class Gunicorn:
    """One replica; may be stopped and started again."""

    service: str
    port: int
    environment: Mapping[str, str]
    log: Path
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Its base address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        command = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "-b", f"127.0.0.1:{self.port}"]
        variables = {"ENVIRONMENT": "local", **os.environ, **self.environment, "SERVICE": self.service}
        with self.log.open("ab") as log:
            process = self.process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=log, stderr=log)
        assert wait_until(lambda: self.is_ready() or process.poll() is not None, within=30), self.log.read_text()
        assert process.poll() is None, self.log.read_text()

    def is_ready(self) -> bool:
        """Return whether a load balancer would send requests here."""
        return is_ready(self.port)

    def terminate(self) -> None:
        """Request the end, as an orchestrator does."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        """Wait for the end; returns the exit code."""
        assert self.process
        return self.process.wait(timeout=30)


@contextmanager
def gunicorn(service: str, port: int, log: Path, **environment: str) -> Iterator[Gunicorn]:
    """Run a replica until the end of the block."""
    one = Gunicorn(service, port, environment, log)
    one.start()
    try:
        yield one
    finally:
        if one.process and one.process.poll() is None:
            one.terminate()
            one.wait()
