import subprocess
import sys
from pathlib import Path

from cli.dev.files import ROOT
from cli.services import SERVICES

SERVICE_NAMES = [service.name for service in SERVICES]
WATCH = """
import os, sys

def refuse(event, args):
    writes = event == "open" and args[1] and set(args[1]) & set("wax+")
    if writes or event in {"socket.connect", "socket.bind", "subprocess.Popen", "os.mkdir", "_thread.start_new_thread"}:
        raise SystemExit(f"{event} {args}")

os.environ.clear()
sys.addaudithook(refuse)
"""


def modules(package: str) -> list[Path]:
    """Return the source files of a package."""
    return sorted((ROOT / package).rglob("*.py"))


def test_importing_opens_nothing() -> None:
    """Every module can be imported without settings; importing opens no connection, thread, file or process."""
    names = [
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for package in ("chassis", *SERVICE_NAMES)
        for file in modules(package)
        if "migrations" not in file.relative_to(ROOT).parts
    ]
    script = "\n".join([WATCH, *(f"import {name}" for name in names)])

    result = subprocess.run(
        [sys.executable, "-B", "-c", script], cwd=ROOT, env={}, capture_output=True, text=True, check=False
    )

    assert (result.returncode, result.stderr) == (0, "")
