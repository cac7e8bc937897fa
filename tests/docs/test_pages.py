import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from cli.dev.files import ROOT

TRACKED = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.split()  # noqa: S607
PAGES = [file for file in TRACKED if file.endswith(".md")]
FOLDERS = {file.partition("/")[0] for file in TRACKED if "/" in file and not file.startswith(".")}
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
PATH = re.compile(
    rf"(?<![\w/.-])((?:{'|'.join(FOLDERS)})/[\w/.-]*\w\.(?:conf|html|in|js|json|md|proto|py|sh|svg|toml|txt|ya?ml))\b"
)


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub generates for the headings of a page."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(page.read_text())}


def broken_links(page: str) -> Iterator[str]:
    """Return the broken links of a page."""
    for target, anchor in LINK.findall((ROOT / page).read_text()):
        file = (ROOT / page).parent / target if target else ROOT / page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            yield f"{page}: {target}#{anchor}"


def lost_paths(file: str) -> Iterator[str]:
    """Return the repository paths named in a file's text or comments that do not exist."""
    try:
        text = (ROOT / file).read_text()
    except UnicodeDecodeError:
        return
    yield from (f"{file}: {path}" for path in PATH.findall(text) if not (ROOT / path).exists())


def test_every_link_leads_somewhere() -> None:
    """The linked file exists, and has the heading that the link names."""
    assert [link for page in PAGES for link in broken_links(page)] == []


def test_every_file_that_is_named_exists() -> None:
    """Pages, comments and scripts name only files that exist; a lock of npm names those of its packages."""
    ours = [file for file in TRACKED if not file.endswith("package-lock.json")]

    assert [path for file in ours for path in lost_paths(file)] == []


def test_the_index_lists_every_page() -> None:
    """docs/README.md links each page of docs/, and each decision by its number and title."""
    index = (ROOT / "docs/README.md").read_text()
    pages = {page.removeprefix("docs/") for page in PAGES if page.startswith("docs/")} - {"README.md"}
    titles = {page: (ROOT / "docs" / page).read_text().partition("\n")[0].removeprefix("# ") for page in pages}
    links = [f"- [{titles[page]}]({page})\n" if "/" in page else f"| [{page}]({page}) |" for page in sorted(pages)]

    assert [link for link in links if link not in index] == []
