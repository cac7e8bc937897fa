"""One nginx in front of all replicas of all services."""

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from cli.dev.processes import SupervisedProcess
from cli.dev.server import CLEAN_ENVIRONMENT
from cli.errors import CommandError

_OLDEST = (1, 18)
_PLACES = "/usr/local/sbin:/usr/sbin"
"""Where it is beside the PATH of people who are not root."""
_REMEDY = "`apt install nginx-light`, or `apt-get download nginx`, `dpkg -x` it, and put its usr/sbin on PATH."
_KEPT = 64
"""Idle connections to the replicas of a service."""
_REST_S = 1
"""For so long a replica that refuses connections is left alone."""


def find_nginx(path: str) -> tuple[str, str]:
    """
    Give the program and its version.

    Raises:
        CommandError: There is none on *path*, or it is too old.
    """
    program = shutil.which("nginx", path=f"{path}:{_PLACES}")
    if not program:
        raise CommandError(f"There is no nginx here: {_REMEDY}")
    asked = subprocess.run([program, "-v"], capture_output=True, text=True, check=False)  # noqa: S603 - who runs it has it
    return program, check_version(asked.stderr)


def check_version(said: str) -> str:
    """
    Give the version in what ``nginx -v`` says.

    Raises:
        CommandError: It is too old, or there is none in it.
    """
    version = re.search(r"nginx/(\d+)\.(\d+)[.\d]*", said)
    if not version or (int(version[1]), int(version[2])) < _OLDEST:
        oldest = ".".join(map(str, _OLDEST))
        raise CommandError(f"nginx {oldest} or newer is needed, this is {said.strip() or 'none'}: {_REMEDY}")
    return version[0].partition("/")[2]


def start_nginx(
    program: str, folder: Path, doors: Mapping[str, int], replicas: Mapping[str, Sequence[int]]
) -> SupervisedProcess:
    """Start it with its files in *folder*; *doors* and *replicas* are the ports of each service."""
    folder.mkdir()
    file = folder / "nginx.conf"
    file.write_text(configuration(folder, doors, replicas), encoding="utf-8")
    command = [program, "-p", str(folder), "-c", str(file)]
    with (folder / "nginx.log").open("wb") as log:
        return SupervisedProcess(command, environment=CLEAN_ENVIRONMENT, folder=folder, output=log)


def configuration(folder: Path, doors: Mapping[str, int], replicas: Mapping[str, Sequence[int]]) -> str:
    """
    Write its configuration: for each service a port of its own, and its replicas behind it.

    Nothing is limited, nobody is refused: the edge with its rules is deploy/nginx, which would answer 429 to a customer
    who orders as fast as this one. This is what is between services on Kubernetes, too.
    """
    places = [f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
    services = [_service(name, doors[name], ports) for name, ports in replicas.items()]
    return "\n".join(
        [
            "daemon off;",
            "master_process off;",  # one process: it would be the only worker, and never gets another configuration
            f"pid {folder}/nginx.pid;",
            "error_log stderr warn;",
            "events { worker_connections 4096; }",
            "http {",
            "access_log off;",
            *places,
            *services,
            "}",
            "",
        ]
    )


def _service(name: str, door: int, ports: Sequence[int]) -> str:
    servers = " ".join(f"server 127.0.0.1:{port} max_fails=1 fail_timeout={_REST_S}s;" for port in ports)
    return f"""upstream {name} {{ {servers} keepalive {_KEPT}; }}
server {{
    listen 127.0.0.1:{door};
    location / {{
        proxy_pass http://{name};
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $http_host;
        proxy_connect_timeout 1s;
        proxy_read_timeout 35s;
    }}
}}"""
