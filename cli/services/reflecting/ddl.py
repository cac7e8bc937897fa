"""The other team's DDL: a file, or what a database has."""

import re
import subprocess
from pathlib import Path

from pydantic import SecretStr

from cli.errors import CommandError

_ADDRESS = re.compile(r"^postgres(ql)?(\+\w+)?://")
_OPTIONS = (
    *("--schema-only", "--schema=public", "--extension=*", "--no-owner", "--no-privileges", "--no-tablespaces"),
    *("--no-publications", "--no-subscriptions", "--no-security-labels", "--no-policies"),
)
_NOT_OF_TABLES = re.compile(
    r'^(?:\\(?:un)?restrict .*|CREATE SCHEMA "?public"?;|COMMENT ON SCHEMA "?public"? .*)\n', re.MULTILINE
)
"""What psql alone understands, and what each database has."""


def read_ddl(schema: str) -> str:
    """
    Return the DDL of a file, or of the database at an address.

    Raises:
        CommandError: It cannot be read; no message has the password of the address.
    """
    if is_address(schema):
        return _of_database(SecretStr(schema))
    if "://" in schema:
        raise CommandError("--schema: an address of a database begins with postgresql://")
    return _of_file(Path(schema))


def is_address(schema: str) -> bool:
    """Whether it is the address of a database, and no file."""
    return _ADDRESS.match(schema) is not None


def _of_file(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CommandError(f"--schema: {file} is not UTF-8: {error.reason} at byte {error.start}.") from None
    except OSError as error:
        advice = "Name a file with DDL, or an address postgresql://…"
        raise CommandError(f"--schema: {file} cannot be read: {error.strerror}. {advice}") from None
    if not text.strip():
        raise CommandError(f"--schema: {file} is empty.")
    return text


def _of_database(url: SecretStr) -> str:
    from cli.backup.postgres import dump_schema
    from cli.orm.source import existing

    try:
        dumped = dump_schema(existing(url.get_secret_value(), "public"), *_OPTIONS)
    except (OSError, subprocess.SubprocessError) as error:
        raise CommandError(f"--schema: {type(error).__name__} of pg_dump.") from None
    return _NOT_OF_TABLES.sub("", dumped)
