import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.services.discovery import ROOT
from tests.support.git import commit, git


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Path]:
    """A clone of this project as it is now, without an environment of its own."""
    clone = tmp_path / "clone"
    git(ROOT, "clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone))
    if changes := git(ROOT, "diff", "HEAD", "--binary"):
        git(clone, "apply", stdin=changes)
        commit(clone)
    yield clone
    shutil.rmtree(clone)
