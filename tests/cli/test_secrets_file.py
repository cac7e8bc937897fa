import errno
import fcntl
import os
from pathlib import Path

import pytest
from dotenv import dotenv_values

from cli.errors import CommandError
from cli.keys.secrets_file import editing, read

SECRET = "xyzzy-plugh-4711"
TEXT = f"""# our deployment
NAME={SECRET}  # the first

export SHARED='one'
PEM="-----BEGIN
{SECRET}
-----END"
SHARED=two
LAST=3"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that a person has written."""
    file = tmp_path / "some.env"
    file.write_text(TEXT)
    file.chmod(0o600)
    return file


def test_only_what_changes_is_written(file: Path) -> None:
    """Comments, blank lines, quotes and values of several lines stay; each line of a doubled name changes."""
    with editing(file) as values:
        values |= {"SHARED": "a b", "NEW": "4"}

    assert file.read_text() == TEXT.replace("'one'", "'a b'").replace("SHARED=two", "SHARED='a b'") + "\nNEW=4\n"
    assert file.stat().st_mode & 0o777 == 0o600


def test_lines_may_end_as_on_windows(file: Path) -> None:
    """They end as here afterwards, as a shell would take the rest for a part of the value."""
    file.write_bytes(TEXT.replace("\n", "\r\n").encode())

    with editing(file) as values:
        assert values["SHARED"] == "two"
        values["LAST"] = "4"

    assert file.read_bytes() == TEXT.replace("LAST=3", "LAST=4\n").encode()


@pytest.mark.parametrize("cut", [f"NAME='{SECRET}", f"A=1\nPEM='-----BEGIN\n{SECRET}", f"{SECRET} is it"])
def test_half_a_file_is_refused(file: Path, cut: str) -> None:
    """Otherwise what is added would become a part of an open quote; the message has the line and no secret."""
    file.write_text(cut)

    with (
        pytest.raises(CommandError, match=f"line {1 + cut.startswith('A=1')} is not NAME=value") as refused,
        editing(file),
    ):
        pass

    assert SECRET not in str(refused.value)
    assert file.read_text() == cut


@pytest.mark.parametrize("cut", [f'{{"NAME": "{SECRET}', f'["{SECRET}"]', f'{{"NAME": {{"of": "{SECRET}"}}}}'])
def test_half_a_json_is_refused(tmp_path: Path, cut: str) -> None:
    """all.json is an object of strings."""
    file = tmp_path / "all.json"
    file.write_text(cut)

    with pytest.raises(CommandError, match="is damaged") as refused:
        read(file)

    assert SECRET not in f"{refused.value}{refused.value.__cause__}"


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    """The file that it names is changed."""
    link = tmp_path / "link.env"
    link.symlink_to(file)

    with editing(link) as values:
        values["LAST"] = "4"

    assert link.is_symlink()
    assert dotenv_values(file)["LAST"] == "4"


def test_a_file_that_others_can_read_is_reported_and_closed(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Reading only warns; writing leaves it to its owner."""
    file.chmod(0o644)

    read(file)
    warned = capsys.readouterr().err
    with editing(file) as values:
        values["LAST"] = "4"

    assert f"WARNING: other users can read {file}. Run `chmod 600 {file}`" in warned
    assert file.stat().st_mode & 0o777 == 0o600


def test_only_one_command_changes_a_file_at_a_time(file: Path) -> None:
    """The second is refused: it would be the next step of a rotation, before the first is deployed."""
    folder = os.open(file.parent, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)

    with pytest.raises(CommandError, match="Another command is changing"), editing(file) as values:
        values["LAST"] = "4"

    os.close(folder)
    with editing(file) as values:
        values["LAST"] = "5"
    assert dotenv_values(file)["LAST"] == "5"


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_fails_or_is_interrupted_changes_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    """All changes of a command are one replacement of the file, its last act."""

    def fail(_draft: Path, _target: Path) -> None:
        raise failure

    monkeypatch.setattr(Path, "replace", fail)

    with pytest.raises((CommandError, KeyboardInterrupt)), editing(file) as values:
        values |= {"LAST": "4", "NEW": "5"}

    assert file.read_text() == TEXT


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("absent.env", "No such file"),
        (".", "Is a directory"),
        ("nowhere/some.env", "No such file"),
        ("some.env/x", "Not a dir"),
    ],
)
def test_a_file_that_cannot_be_opened_is_named(file: Path, name: str, reason: str) -> None:
    """In a sentence, without a traceback."""
    with pytest.raises(CommandError, match=reason), editing(file.parent / name):
        pass
