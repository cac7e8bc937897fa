"""The files of the dashboard's page, read once, and their headers."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).with_name("static")
PAGE = "index.html"
_MEDIA_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
"""Allows its own files and the API at the same address, and nothing else."""
HEADERS: Mapping[str, str] = {  # beside those of every answer (chassis/web/security_headers.py)
    "Content-Security-Policy": CONTENT_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Revalidated each time (304), so that a browser never mixes files of two versions.
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file, and the tag that changes with its content."""

    content: bytes
    media_type: str
    tag: str


def read_page() -> dict[str, PageFile]:
    """Read all files by name. They are few and small, and no name from a request is looked up on the disk."""
    paths = (path for path in FOLDER.rglob("*") if path.suffix in _MEDIA_TYPES)
    return {path.name: _read(path) for path in paths}


def _read(path: Path) -> PageFile:
    content = path.read_bytes()
    return PageFile(content, _MEDIA_TYPES[path.suffix], hashlib.sha256(content).hexdigest()[:32])
