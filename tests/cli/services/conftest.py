import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.services.discovery import ROOT
from tests.cli.services.clones import commit, git


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Path]:
    """A clone of this project as it is now, without an environment of its own."""
    clone = tmp_path / "clone"
    git(ROOT, "clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone))
    difference = ["git", "diff", "HEAD", "--binary"]
    changes = subprocess.run(difference, cwd=ROOT, check=True, capture_output=True).stdout
    if changes:
        apply = ["git", "apply"]
        subprocess.run(apply, cwd=clone, input=changes, check=True)
        commit(clone)
    yield clone
    shutil.rmtree(clone)
