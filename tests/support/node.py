"""Node from a wheel, and the npm packages that ``tests/clients/package.json`` pins."""

import asyncio
import fcntl
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cli.dev.files import ROOT
from cli.sdk.node import NODE, NPM

PACKAGES = ROOT / "tests" / "clients" / "package.json"
FOLDER = ROOT / ".venv-clients" / "node"
"""Where the packages are installed; they are installed again when the file changes."""
LONGEST_S = 300
"""How long a program may run, seconds: the first installation takes 20, on a busy machine more than a minute."""
_QUIETLY = ("--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock", "--loglevel=error")


async def run(program: Path, *arguments: str | Path, folder: Path = ROOT) -> str:
    """
    Run a program in *folder* to its end, and return what it printed: both streams, in order.

    Raises:
        AssertionError: Its exit code is not 0; the message has what it printed.
        TimeoutError: It was killed, after five minutes.
    """
    pipe, both = asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT
    process = await asyncio.create_subprocess_exec(program, *arguments, cwd=folder, stdout=pipe, stderr=both)
    try:
        async with asyncio.timeout(LONGEST_S):
            printed = (await process.communicate())[0].decode()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, f"{program.name} {' '.join(map(str, arguments))}:\n{printed}"
    return printed


@dataclass(frozen=True, slots=True)
class Node:
    """Node with the pinned packages."""

    folder: Path

    @classmethod
    async def install(cls) -> Self:
        """Install the packages, unless they are there. It runs no script of theirs, and needs npm's registry."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        stamp = FOLDER / ".ready"
        with (FOLDER / ".lock").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)  # of two concurrent runs the second finds everything done
            if not stamp.exists() or stamp.read_bytes() != PACKAGES.read_bytes():
                stamp.unlink(missing_ok=True)
                shutil.copy(PACKAGES, FOLDER)
                await run(NODE, NPM, "install", *_QUIETLY, folder=FOLDER)
                shutil.copy(PACKAGES, stamp)
        return cls(FOLDER)

    async def tool(self, name: str, *arguments: str | Path) -> str:
        """Run a command of an installed package, and return what it printed."""
        return await run(NODE, self.folder / "node_modules" / ".bin" / name, *arguments, folder=self.folder)

    async def script(self, file: Path, *arguments: str | Path) -> str:
        """Run a script, in a copy beside the packages that it imports, and return what it printed."""
        return await run(NODE, shutil.copy(file, self.folder), *arguments, folder=self.folder)
