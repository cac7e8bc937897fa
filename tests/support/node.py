"""Node from a wheel, and the npm packages that each ``package.json`` in ``tests/clients`` pins."""

import asyncio
import fcntl
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cli.dev.files import ROOT
from cli.sdk.node import NODE, NPM

FOLDER = ROOT / ".venv-clients" / "node"
"""Where the packages are installed; they are installed again when one changes."""
LONGEST_S = 300
"""How long a program may run, seconds: the first installation takes 20, on a busy machine more than a minute."""
_QUIETLY = ("--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock", "--loglevel=error")


def read_packages() -> dict[str, str]:
    """Return the packages with their versions."""
    files = sorted((ROOT / "tests" / "clients").rglob("package.json"))
    return {name: version for file in files for name, version in json.loads(file.read_text())["dependencies"].items()}


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
        stamp, wanted = FOLDER / ".ready", json.dumps({"private": True, "dependencies": read_packages()})
        with (FOLDER / ".lock").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)  # of two concurrent runs the second finds everything done
            if not stamp.exists() or stamp.read_text() != wanted:
                stamp.unlink(missing_ok=True)
                (FOLDER / "package.json").write_text(wanted)
                await run(NODE, NPM, "install", *_QUIETLY, folder=FOLDER)
                stamp.write_text(wanted)
        return cls(FOLDER)

    async def tool(self, name: str, *arguments: str | Path) -> str:
        """Run a command of an installed package, and return what it printed."""
        return await run(NODE, self.folder / "node_modules" / ".bin" / name, *arguments, folder=self.folder)

    async def script(self, file: Path, *arguments: str | Path) -> str:
        """Run a script, in a copy beside the packages that it imports, and return what it printed."""
        return await run(NODE, shutil.copy(file, self.folder), *arguments, folder=self.folder)
