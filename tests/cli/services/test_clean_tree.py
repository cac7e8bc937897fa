"""Commands that write many files refuse to do so over changes that git does not have."""

from pathlib import Path

import pytest

from cli.errors import CommandError
from cli.services.clean_tree import require_clean_tree
from tests.support.git import commit, git


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with a project in one of its folders."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project/kept.py").write_text("A = 1\n")
    (tmp_path / ".gitignore").write_text(".env\n")
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path / "project"


def test_a_tree_that_git_has_is_clean(tree: Path) -> None:
    """Ignored files, and changes outside the project, do not count."""
    (tree / ".env").write_text("A=1\n")
    (tree.parent / "beside.py").touch()

    require_clean_tree(tree)


def test_changes_are_named(tree: Path) -> None:
    """Changed, staged and new files count alike; of many, the first are named."""
    (tree / "kept.py").write_text("A = 2\n")
    for name in "abcdef":
        (tree / f"{name}.py").touch()
    git(tree, "add", "a.py")

    with pytest.raises(CommandError, match=r"(?s)commit them, or stash them.*a\.py.*kept\.py.*and 2 more"):
        require_clean_tree(tree)


def test_a_folder_without_git_is_refused(tmp_path: Path) -> None:
    """The message has the commands with which git begins."""
    with pytest.raises(CommandError, match=r"is no working tree of git.*git init && git add --all"):
        require_clean_tree(tmp_path)
