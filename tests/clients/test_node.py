from pathlib import Path

import pytest

from tests.support.node import Node

pytestmark = pytest.mark.long


async def test_a_script_imports_a_pinned_package(node: Node, tmp_path: Path) -> None:
    """A script and a command run on the Node of the wheel, with the packages of package.json."""
    script = tmp_path / "versions.mjs"
    script.write_text("import ts from 'typescript'; console.log(ts.version, process.versions.node, process.argv[2]);")

    printed = (await node.script(script, "given")).split()

    assert printed[0] == (await node.tool("tsc", "--version")).split()[1]
    assert (printed[1].split(".")[0], printed[2]) == ("24", "given")


async def test_a_program_that_fails_shows_what_it_printed(node: Node, tmp_path: Path) -> None:
    """A failure has both streams in its message."""
    script = tmp_path / "failing.mjs"
    script.write_text("console.log('before'); throw new Error('the reason');")

    with pytest.raises(AssertionError, match=r"(?s)before.*the reason"):
        await node.script(script)
