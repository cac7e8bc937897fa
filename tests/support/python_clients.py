"""Python clients whose dependencies may differ from ours: ``requirements/clients.txt``, in their own environment."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cli.dev.files import ROOT
from tests.support.node import run

LOCK = ROOT / "requirements" / "clients.txt"
FOLDER = ROOT / ".venv-clients" / "python"
_INSTALL = ROOT / "requirements" / "install.py"


@dataclass(frozen=True, slots=True)
class PythonClients:
    """An environment with the locked clients."""

    folder: Path

    @classmethod
    async def install(cls) -> Self:
        """Install the clients, unless they are there; needs a registry."""
        await run(Path(sys.executable), "-I", "-X", "utf8", _INSTALL, FOLDER, LOCK)
        return cls(FOLDER)

    async def tool(self, name: str, *arguments: str | Path) -> str:
        """Run a command of an installed package, and return what it printed."""
        return await run(self.folder / "bin" / name, *arguments)

    async def script(self, file: Path, *arguments: str | Path) -> str:
        """Run a script, and return what it printed."""
        return await self.tool("python", file, *arguments)
