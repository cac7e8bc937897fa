"""The file with the secrets of a deployment: an environment file, or the all.json of ``deploy.make_secrets``."""

import fcntl
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import typer
from dotenv.parser import Binding, parse_stream

from cli.dev.files import write_private
from cli.errors import CommandError


def is_json(file: Path) -> bool:
    """Whether *file* is the one from which ``deploy.make_secrets`` writes the files of the services."""
    return file.suffix == ".json"


def read(file: Path) -> dict[str, str]:
    """
    Return the values in *file* by their names; warn if other users can read it.

    Raises:
        CommandError: It is not there, cannot be read, or is damaged. The message quotes nothing of it.
    """
    with _explained(file):
        text = file.read_text(encoding="utf-8")
        if file.stat().st_mode & 0o077:
            typer.echo(f"WARNING: other users can read {file}. Run `chmod 600 {file}`.", err=True)
    return _values_of_json(file, text) if is_json(file) else _values_of_environment(file, text)


@contextmanager
def editing(file: Path, *, create: bool = False) -> Iterator[dict[str, str]]:
    """
    Yield the values in *file*, and store what the block has changed: all of it or, if it raises or is killed, nothing.

    One process at a time. The rest of the file stays as it is; afterwards only its owner can read it.

    Args:
        create: Whether the file may be missing.

    Raises:
        CommandError: As in ``read``; or another process is changing a file of this folder.
    """
    file = file.resolve()  # a symbolic link stays one
    with _locked(file):
        before = {} if create and not file.exists() else read(file)
        values = dict(before)
        yield values
        if changed := {name: value for name, value in values.items() if before.get(name) != value}:
            with _explained(file):
                text = file.read_text(encoding="utf-8") if file.exists() else ""
                write_private(file, json.dumps(values, indent=2) if is_json(file) else _replace(text, changed))


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Lock the folder rather than the file, which is replaced as a whole."""
    with _explained(file):
        folder = os.open(file.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise CommandError(f"Another command is changing a file in {file.parent}. Nothing was changed.") from None
    finally:
        os.close(folder)


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}. Nothing was changed.") from None
    except UnicodeDecodeError:
        raise CommandError(f"{file} is not text in UTF-8. Nothing was changed.") from None


def _values_of_json(file: Path, text: str) -> dict[str, str]:
    try:
        values = json.loads(text)
    except ValueError:
        values = None  # raised below, without the parser's error, which holds the text
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise CommandError(f"{file} is damaged: it is not a JSON object of strings. Nothing was changed.")
    return values


def _values_of_environment(file: Path, text: str) -> dict[str, str]:
    bindings = list(_parse(text))
    if damaged := next((one for one in bindings if one.error), None):
        line = damaged.original.line
        raise CommandError(
            f"{file} is damaged: line {line} is not NAME=value, or a quote has no end. Nothing was changed."
        )
    return {one.key: one.value for one in bindings if one.key and one.value is not None}


def _replace(text: str, changed: Mapping[str, str]) -> str:
    """Return the environment file *text* with other values, wherever a name occurs; new names are at the end."""
    bindings = list(_parse(text))
    parts = [_changed(one, changed.get(one.key or "")) for one in bindings]
    if parts and not parts[-1].endswith("\n"):
        parts.append("\n")
    names = {one.key for one in bindings}
    return "".join(parts) + "".join(_line(name, value) for name, value in changed.items() if name not in names)


def _changed(binding: Binding, value: str | None) -> str:
    """Return the text of a binding with *value*; as it is, if that is None."""
    if value is None:
        return binding.original.string
    before = re.match(r"\s*(export\s+)?", binding.original.string)
    return (before[0] if before else "") + _line(str(binding.key), value)


def _line(name: str, value: str) -> str:
    return f"{name}={value}\n" if value.isalnum() else f"{name}='{value}'\n"  # no secret of ours contains a quote


def _parse(text: str) -> Iterator[Binding]:
    return parse_stream(StringIO(text))
