"""
``python -m deploy.scan_secrets [file …]``: finds secrets in these files; prints them and exits 1.

Without arguments it scans every file that git tracks or would add, and reports exceptions that are no longer needed.
"""

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import default_settings

_UNREAD = {
    "requirements/*.txt": "hashes of packages",
    "deploy/kubernetes/rendered/*": "rendered from files that are scanned",
    "*.svg": "drawings",
}

_ALLOWED = {
    ("*/migrations/versions/*", "Hex High Entropy String"): "ids of revisions",
    ("tests/*/test_migration*.py", "Hex High Entropy String"): "the same",
    ("docs/protocol-vectors.json", "Base64 High Entropy String"): "published, so that others can test against them",
    (".env.example", "Basic Auth Credentials"): "change-me, which no service takes outside local",
    ("chassis/mongodb/dsn.py", "Basic Auth Credentials"): "the form of an address, in an error's text",
    ("chassis/postgres/dsn.py", "Basic Auth Credentials"): "the same",
    ("user/mail/smtp_url.py", "Basic Auth Credentials"): "the same",
    ("user/settings.py", "Basic Auth Credentials"): "the example of a setting, with change-me",
    ("cli/build.py", "Basic Auth Credentials"): "an unreachable address",
    ("tests/*", "Basic Auth Credentials"): "addresses of servers that do not exist",
    ("user/schemas.py", "Base64 High Entropy String"): "an example in the API's description",
    ("tests/*", "Base64 High Entropy String"): "alphabets, and keys that protect nothing",
    ("tests/*", "Private Key"): "the first line of a key, without a key",
    ("tests/chassis/tracing_tiny.py", "Hex High Entropy String"): "the example trace of W3C's standard",
    ("docs/analytics-answers.md", "Base64 High Entropy String"): "a cursor of a database that no longer exists",
    ("tests/chassis/log_writer.py", "JSON Web Token"): "must not appear in a log; not signed",
}
"""Known findings that are not secrets, with the reason; an exception without a finding fails the check, too."""


_OWN_KEYS = {
    "Link Key": re.compile(rb"\b[a-z0-9]{1,16}:[A-Za-z0-9_-]{43}="),
    "Cursor Key": re.compile(rb"\bCURSOR_KEY[\"']?\s*[=:]\s*[\"']?[A-Za-z0-9_-]{32}\b"),
}
"""The secrets that `bin/cli keys make` generates, apart from those in PEM."""


def main(named: Sequence[str] = ()) -> None:
    """Scan the files *named*, or all; print and exit."""
    files = [file for file in named or _listed() if not any(fnmatch(file, one) for one in _UNREAD)]
    used, found = set(), []
    for file, kind, line in [*_scan(files), *_own_keys(files)]:
        reasons = {(pattern, one) for pattern, one in _ALLOWED if one == kind and fnmatch(file, pattern)}
        used |= reasons
        if not reasons:
            found.append(f"{file}:{line}: {kind}. Remove it; if it was committed, replace it where it is in use.")
    if not named:
        unused = _ALLOWED.keys() - used
        found += [f"{pattern}: no {kind} found; remove it from _ALLOWED." for pattern, kind in unused]
    sys.exit("\n".join(found) or None)


def _listed() -> list[str]:
    """Return the files that git tracks, and those that ``git add .`` would add."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]
    listed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603
    return [file for file in listed.split("\0") if Path(file).is_file()]


def _scan(files: list[str]) -> list[tuple[str, str, int]]:
    secrets = SecretsCollection()
    with default_settings() as settings:
        # It takes every name like password= for a secret; ruff's S105 to S107 handle Python.
        settings.disable_plugins("KeywordDetector")
        secrets.scan_files(*files)
    return [(file, secret.type, secret.line_number) for file, secret in secrets]


def _own_keys(files: list[str]) -> Iterator[tuple[str, str, int]]:
    for file in files:
        for number, line in enumerate(Path(file).read_bytes().splitlines(), start=1):
            yield from ((file, kind, number) for kind, form in _OWN_KEYS.items() if form.search(line))


if __name__ == "__main__":
    main(sys.argv[1:])
