import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from cli.dev.files import ROOT
from cli.services import SERVICES

SERVICE_NAMES = [service.name for service in SERVICES]
OUR_NAMES = {"chassis", "cli", "tests", *SERVICE_NAMES}
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
    """The source files of a package."""
    return sorted((ROOT / package).rglob("*.py"))


@cache
def imports(file: Path) -> frozenset[str]:
    """The modules that a file imports, wherever in it."""
    return frozenset(_imports(ast.parse(file.read_text())))


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module
            assert not node.level
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("package", ["chassis", *SERVICE_NAMES])
def test_a_package_knows_itself_and_the_chassis_alone(package: str) -> None:
    """A service imports the chassis and itself, never another service; the chassis imports no service."""
    known = {package, "chassis"}
    strangers = {
        f"{file.relative_to(ROOT)} imports {name}"
        for file in modules(package)
        for name in imports(file)
        if name.partition(".")[0] in OUR_NAMES - known
    }

    assert not strangers


@pytest.mark.parametrize(
    ("library", "home"),
    [
        ("httpx", "chassis/dispatch/httpx_transport.py"),
        ("aiohttp", "chassis/dispatch/httpx_transport.py"),
        ("pyreqwest", "chassis/dispatch/reqwest.py"),
        ("jose", "chassis/auth/tokens.py"),
        ("passlib", "user/password_hashing.py"),
        ("zxcvbn", "user/password_hashing.py"),
        ("aiosmtplib", "user/mail/mailer.py"),
        ("motor", "chassis/mongodb/database.py"),
        ("cryptography.fernet", "chassis/sealing/envelope.py"),
    ],
)
def test_a_library_that_may_be_swapped_is_known_to_one_module(library: str, home: str) -> None:
    """Whoever swaps it changes one file."""
    users = [
        str(file.relative_to(ROOT))
        for package in ("chassis", *SERVICE_NAMES)
        for file in modules(package)
        if any(f"{name}.".startswith(f"{library}.") for name in imports(file))
    ]

    assert users == [home]


def test_importing_opens_nothing() -> None:
    """Every module can be imported without a variable set: no connection, no thread, no file written, no process."""
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
