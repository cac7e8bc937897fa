"""Copying a skeleton: a service that works as it stands, and its tests, with its name replaced everywhere."""

from collections.abc import Mapping
from pathlib import Path

from cli.services.discovery import Kind
from cli.services.naming import check_words, renamed, renaming

SKELETONS = Path(__file__).parent / "skeletons"
SKELETON_OF: Mapping[Kind, str] = {
    "postgres": "sample_record",
    "mongodb": "sample_document",
    "none": "sample_view",
    "reflected": "sample_row",
}
"""By the kind of database: the skeleton's own name, whose forms are replaced."""


def skeleton_files(kind: Kind) -> dict[Path, str]:
    """Return the files of a skeleton, by their paths in the project."""
    name = SKELETON_OF[kind]
    files = (file for folder in (name, f"tests/{name}") for file in sorted((SKELETONS / folder).rglob("*")))
    return {
        file.relative_to(SKELETONS): file.read_text(encoding="utf-8")
        for file in files
        if file.is_file() and "__pycache__" not in file.parts
    }


def copied(kind: Kind, name: str) -> dict[Path, str]:
    """
    Return the files of a new service, by their paths; their imports are not sorted, and their lines not wrapped.

    Raises:
        CommandError: The skeleton uses the name for something else.
    """
    files, forms = skeleton_files(kind), renaming(SKELETON_OF[kind], name)
    check_words(name, [text for path, text in files.items() if path.suffix == ".py"], forms)
    return {Path(renamed(str(path), forms)): renamed(text, forms) for path, text in files.items()}


def write_files(root: Path, files: Mapping[Path, str]) -> None:
    """Write files below *root*."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
