"""What the files of others say about a removed service."""

from collections.abc import Iterable
from pathlib import Path

from cli.git import git, split_paths
from cli.services.belongings import files_with_passages, without_passages
from cli.services.links_between_pages import without_links
from cli.services.subscriptions import unsubscribe


def take_out_mentions(name: str, removed: Iterable[str], root: Path) -> list[str]:
    """
    Delete passages about a service, its name among the consumers of events, and links to its files.

    Args:
        removed: Its files, relative to *root*.

    Returns:
        The paths of the files that were changed, relative to *root*.
    """
    changed = {*take_out_passages(name, root), *unsubscribe(root, name)}
    targets = {(root / path).resolve() for path in removed}
    for page in {root / path for path in split_paths(git(root, "ls-files", "-z", "*.md"))}:
        if page.exists() and (text := without_links(page, targets)) is not None:
            page.write_text(text, encoding="utf-8")
            changed.add(page)
    return sorted(str(file.relative_to(root)) for file in changed)


def take_out_passages(name: str, root: Path) -> list[Path]:
    """Delete passages about a service; returns the files that were changed."""
    changed = [root / path for path in files_with_passages(name, root)]
    for file in changed:
        text = without_passages(root, str(file.relative_to(root)), name)
        assert text is not None
        file.write_text(text, encoding="utf-8")
    return changed
