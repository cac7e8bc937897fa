import json
from pathlib import Path

import jwt
import pytest
from dotenv import dotenv_values, set_key
from typer.testing import CliRunner

from chassis.core.types import new_id
from chassis.sealing.keys import parse_ring
from cli.dev.secrets import ensure_secrets, make_signing_key
from cli.errors import CommandError
from cli.keys.commands import app
from cli.links import links
from user.tokens.issuer import TokenIssuer

KINDS = ["links", "tokens"]


def run(command: str, *arguments: str | Path) -> str:
    """The output of the command."""
    result = CliRunner().invoke(app, [command, *map(str, arguments)])
    if result.exception:
        raise result.exception
    return result.output


def key_ids(file: Path) -> set[tuple[str, ...]]:
    """The ids of each link's keys; every link has the same."""
    rings = {name: value for name, value in dotenv_values(file).items() if name.startswith("LINK_KEY__")}
    assert len(rings) == len(links())
    return {tuple(key_id for key_id, _ in parse_ring(name, str(value)).keys) for name, value in rings.items()}


def kids(file: Path) -> list[str]:
    """The ids of the token keys that the user service would publish, the signing key first."""
    issuer = TokenIssuer(str(dotenv_values(file)["JWT_PRIVATE_KEY"]), "user", "us")
    published = [key["kid"] for key in issuer.jwks()["keys"]]
    signing = jwt.get_unverified_header(issuer.issue(new_id(), new_id(), []))["kid"]
    assert published[0] == signing
    return published


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An environment file with every secret."""
    file = tmp_path / ".env"
    run("make", file)
    return file


def test_make_adds_what_is_missing_alone(tmp_path: Path) -> None:
    """Secrets are added once; sample values are replaced, others stay."""
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


def test_a_rotation_of_links_adds_then_promotes_then_retires(file: Path) -> None:
    """At each step receivers know the keys that senders use, before and after it."""
    steps = [key_ids(file)]

    for command in ("rotate", "rotate", "retire"):
        run(command, "links", file)
        steps.append(key_ids(file))

    assert steps == [{("k1",)}, {("k1", "k2")}, {("k2", "k1")}, {("k2",)}]


def test_a_rotation_of_tokens_adds_then_promotes_then_retires(file: Path) -> None:
    """The new key is published before it signs, and the old one until its tokens expire; the next rotation is alike."""
    steps = [kids(file)]

    for command in ("rotate", "rotate", "retire") * 2:
        run(command, "tokens", file)
        steps.append(kids(file))

    (one,), (_, two), *_, (three,) = steps
    assert len({one, two, three}) == 3
    assert steps == [[one], [one, two], [two, one], [two], [two, three], [three, two], [three]]


def test_a_rotation_may_begin_with_a_key_of_another_program(file: Path) -> None:
    """A key without our numbering, as openssl writes it, is older than an added one."""
    set_key(file, "JWT_PRIVATE_KEY", f"some text\n{make_signing_key()}")
    (old,) = kids(file)

    run("rotate", "tokens", file)
    run("rotate", "tokens", file)

    assert kids(file)[1:] == [old]


@pytest.mark.parametrize("kind", KINDS)
def test_a_rotation_of_one_kind_leaves_the_other_alone(file: Path, kind: str) -> None:
    """Link keys and token keys are rotated at different times."""
    before = dotenv_values(file)

    run("rotate", kind, file)

    changed = {name for name, value in dotenv_values(file).items() if value != before[name]}
    assert {name.startswith("LINK_KEY__") for name in changed} == {kind == "links"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_promoted_key_is_not_demoted(file: Path, kind: str) -> None:
    """A third rotate refuses, and names the command that ends the rotation."""
    for _ in range(2):
        run("rotate", kind, file)

    with pytest.raises(CommandError, match=f"retire {kind}"):
        run("rotate", kind, file)


@pytest.mark.parametrize(
    ("kind", "promote", "retire"),
    [("links", "Deploy to every service; after", "; 120 s after"), ("tokens", "to the user service; 60 s", "; 900 s")],
)
def test_each_step_says_how_long_to_wait(file: Path, kind: str, promote: str, retire: str) -> None:
    """The output names the next step and its waiting time."""
    added, promoted = run("rotate", kind, file), run("rotate", kind, file)

    assert promote in added
    assert f"keys rotate {kind} {file}" in added
    assert retire in promoted
    assert f"keys retire {kind} {file}" in promoted


@pytest.mark.parametrize("kind", KINDS)
def test_list_shows_ids_and_no_key(file: Path, kind: str) -> None:
    """The list shows no key to onlookers."""
    run("rotate", kind, file)

    output = run("list", kind, file)

    secrets = [part for value in dotenv_values(file).values() for part in str(value).replace(",", "\n").splitlines()]
    keys = [secret.rpartition(":")[2] for secret in secrets if len(secret) > 40]
    assert len(keys) > len(links())
    assert not any(key in output for key in keys)
    assert ("LINK_KEY__ORDER__PRODUCT         k1, k2  (rotating)" in output) == (kind == "links")
    assert (", ".join(kids(file)) in output) == (kind == "tokens")


def test_a_key_that_cannot_be_read_is_not_rotated(file: Path) -> None:
    """The command names the variable and changes nothing."""
    set_key(file, "JWT_PRIVATE_KEY", "nonsense")
    before = file.read_text()

    with pytest.raises(CommandError, match="JWT_PRIVATE_KEY"):
        run("rotate", "tokens", file)

    assert file.read_text() == before


def test_the_secrets_of_containers_are_rotated_in_their_file(tmp_path: Path) -> None:
    """all.json, from which `deploy.make_secrets` writes the files of services, is rotated like an environment file."""
    file = tmp_path / "all.json"
    ensure_secrets(file, links())
    (old,) = TokenIssuer(json.loads(file.read_text())["JWT_PRIVATE_KEY"], "", "").jwks()["keys"]

    run("rotate", "tokens", file)

    added = TokenIssuer(json.loads(file.read_text())["JWT_PRIVATE_KEY"], "", "").jwks()["keys"]
    assert (len(added), added[0]) == (2, old)
    assert file.stat().st_mode & 0o777 == 0o600
