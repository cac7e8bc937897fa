"""
A merge driver for git (gitattributes(5), "Defining a custom merge driver"), used by ``bin/cli update``.

It merges what people wrote. Rendered text does not conflict: whole files stay as they are and regions become empty,
to be rendered anew. Locks are those of the other side, to be made anew. Passages about removed services are left out.
"""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from cli.services.belongings import stripped
from cli.services.locks import is_lock
from cli.services.regions import emptied, is_rendered


def merge(base: Path, ours: Path, theirs: Path, path: str, removed: Iterable[str]) -> int:
    """
    Merge three versions of a file into that of *ours*.

    Args:
        path: Its path in the project.
        removed: The names of removed services.

    Returns:
        0, or the number of conflicts, which are marked in the file; above 127 the file is binary and stays.
    """
    if is_rendered(_read(ours)):
        return 0
    if is_lock(path):
        ours.write_bytes(theirs.read_bytes())
        return 0
    for version in (base, ours, theirs):
        text = emptied(_read(version))
        for name in removed:
            text = stripped(text, name, path) or text
        version.write_bytes(text.encode(errors="surrogateescape"))
    command = ["git", "merge-file", "-L", "ours", "-L", "common", "-L", "theirs", *map(str, (ours, base, theirs))]
    return subprocess.run(command, check=False).returncode


def _read(file: Path) -> str:
    return file.read_bytes().decode(errors="surrogateescape")  # so that a binary file stays as it is


if __name__ == "__main__":
    base, ours, theirs, path, *removed = sys.argv[1:]
    sys.exit(merge(Path(base), Path(ours), Path(theirs), path, removed))
