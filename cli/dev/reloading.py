"""
`python -m cli.dev.reloading SERVICE SOCKET`: a service that restarts at every edit.

The socket is inherited, as a number: the launcher already listens on it, so the port is reserved before anything
runs, and stays reserved while the service restarts.
"""

import os
import signal
import socket
import sys

if __name__ == "__main__":  # Ctrl-C during the imports below ends the process without a traceback
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from uvicorn import Config, Server
from uvicorn.supervisors import ChangeReload

from cli.dev.guarded import SERVICE

_READ_AT_START = [f"*.{kind}" for kind in ("html", "css", "js", "svg", "toml", "yaml", "graphql")]
"""Besides Python: pages, and what is rendered (the front's routes)."""


def main(service: str, listening: int) -> None:
    """Serve until SIGINT or SIGTERM."""
    os.environ[SERVICE] = service
    config = Config(
        "cli.dev.guarded:build",
        factory=True,
        reload=True,
        reload_dirs=[service, "chassis"],
        reload_includes=_READ_AT_START,
        access_log=False,
        http="chassis.web.http_protocol:LimitedProtocol",
        ws="none",
        server_header=False,
        # An open event stream must delay neither a reload nor the shutdown.
        timeout_graceful_shutdown=1,
    )
    ChangeReload(config, target=Server(config).run, sockets=[socket.socket(fileno=listening)]).run()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
