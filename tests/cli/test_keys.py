from pathlib import Path

import pytest
from dotenv import dotenv_values
from typer.testing import CliRunner

from chassis.sealing.keys import parse_ring
from cli.errors import CommandError
from cli.keys import app
from cli.links import links


def run(command: str, file: Path) -> str:
    """What the command prints."""
    result = CliRunner().invoke(app, [command, str(file)])
    if result.exception:
        raise result.exception
    return result.output


def key_ids(file: Path) -> set[tuple[str, ...]]:
    """The ids of each link's keys; every link has the same."""
    rings = {name: value for name, value in dotenv_values(file).items() if name.startswith("LINK_KEY__")}
    assert len(rings) == len(links())
    return {tuple(key_id for key_id, _ in parse_ring(name, str(value)).keys) for name, value in rings.items()}


def test_make_adds_what_is_missing_alone(tmp_path: Path) -> None:
    """Secrets are made once; sample values are replaced, others stay."""
    file = tmp_path / ".env"
    file.write_text("CURSOR_KEY=change-me\nLOG_LEVEL=DEBUG\n")

    run("make", file)
    made = dotenv_values(file)
    run("make", file)

    assert dotenv_values(file) == made
    assert made["LOG_LEVEL"] == "DEBUG"
    assert made["CURSOR_KEY"] != "change-me"
    assert str(made["JWT_PRIVATE_KEY"]).startswith("-----BEGIN PRIVATE KEY-----")
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_rotation_adds_then_promotes_then_retires(tmp_path: Path) -> None:
    """At each step receivers know the keys that senders use, before and after it."""
    file = tmp_path / ".env"
    steps = []

    for command in ("make", "rotate", "rotate", "retire"):
        run(command, file)
        steps.append(key_ids(file))

    assert steps == [{("k1",)}, {("k1", "k2")}, {("k2", "k1")}, {("k2",)}]


def test_a_promoted_key_is_not_demoted(tmp_path: Path) -> None:
    """A third rotate says that the rotation is to be ended."""
    file = tmp_path / ".env"
    for command in ("make", "rotate", "rotate"):
        run(command, file)

    with pytest.raises(CommandError, match="retire"):
        run("rotate", file)


def test_list_shows_ids_and_no_key(tmp_path: Path) -> None:
    """Whoever looks over a shoulder learns no key."""
    file = tmp_path / ".env"
    run("make", file)

    output = run("list", file)

    assert "LINK_KEY__ORDER__PRODUCT" in output
    assert not any(str(value).removeprefix("k1:") in output for value in dotenv_values(file).values())
