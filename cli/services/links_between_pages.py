"""Links of pages to files that are removed: they become plain text, and the rows and entries of lists about them go."""

import re
from pathlib import Path

_LINK = re.compile(r"!?\[([^\]]*)\]\(([^)#\s:]+)(?:#[^)\s]+)?\)")
_ENTRY = re.compile(r"^(?:- |\| )\[")
"""The beginning of a line that is about the linked page: an entry of a list, or a row of a table."""


def without_links(page: Path, removed: set[Path]) -> str | None:
    """Return the text of a page without links to files that are removed; None if it has no such link."""
    lines, found = list[str](), False

    def leads_nowhere(target: str) -> bool:
        return (page.parent / target).resolve() in removed

    def unlinked(link: re.Match[str]) -> str:
        nonlocal found
        if not leads_nowhere(link[2]):
            return link[0]
        found = True
        return "" if link[0].startswith("!") else link[1]

    for line in page.read_text(encoding="utf-8").splitlines(keepends=True):
        first = _LINK.search(line)
        if first and _ENTRY.match(line) and leads_nowhere(first[2]):
            found = True
            continue
        lines.append(_LINK.sub(unlinked, line))
    return "".join(lines) if found else None
