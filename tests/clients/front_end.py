"""A front end: the TypeScript of docs/clients.md, with the client that `bin/cli client typescript` writes."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.dev.files import ROOT
from cli.sdk.node import NODE
from tests.support.node import Node, run

_PROGRAM = re.compile(r"^```ts\n(.*?)^```", re.MULTILINE | re.DOTALL)
_STRICTLY = ("--strict", "--target", "es2022", "--module", "commonjs", "--lib", "es2022,dom,dom.iterable")


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """A folder with the client in ``sdk``; *gateway* is the address that it uses."""

    folder: Path
    gateway: str
    node: Node

    async def call(self, *calls: str) -> list[Any]:
        """Evaluate calls of the page's functions, one after the other, compiled strictly; returns their results."""
        programs = _PROGRAM.findall((ROOT / "docs/clients.md").read_text())
        names = [f"page{number}" for number in range(len(programs))]
        for name, program in zip(names, programs, strict=True):
            (self.folder / f"{name}.ts").write_text(program.replace("http://127.0.0.1:8000", self.gateway))
        imports = "".join(f'import * as {name} from "./{name}";\n' for name in names)
        page = f"const page = {{ {', '.join(f'...{name}' for name in names)} }};\n"
        results = ", ".join(f"await page.{call}" for call in calls)
        main = f"async function main() {{\n  console.log(JSON.stringify([{results}]));\n}}\n\nmain();\n"
        (self.folder / "main.ts").write_text(imports + page + main)
        await self.node.tool("tsc", *_STRICTLY, "--outDir", self.folder / "js", self.folder / "main.ts")
        returned: list[Any] = json.loads(await run(NODE, self.folder / "js" / "main.js"))
        return returned
