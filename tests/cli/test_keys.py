import json
import re
from pathlib import Path

import jwt
import pytest
from dotenv import dotenv_values, set_key, unset_key
from typer.testing import CliRunner

from chassis.core.types import new_id
from chassis.sealing.keys import parse_ring
from cli.dev.secrets import ensure_secrets, make_signing_key
from cli.errors import CommandError
from cli.keys.commands import app
from cli.links import links
from cli.services import SERVICES
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
    file = tmp_path / "production.env"
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
    assert made["ENVIRONMENT"] == "production"
    assert str(made["JWT_PRIVATE_KEY"]).startswith("-----BEGIN PRIVATE KEY-----")
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_rotation_of_links_adds_then_promotes_then_retires(file: Path) -> None:
    """At each step receivers know the keys that senders use, before and after it."""
    steps = [key_ids(file)]

    for command in ("rotate", "promote", "retire"):
        run(command, "links", file)
        steps.append(key_ids(file))

    assert steps == [{("k1",)}, {("k1", "k2")}, {("k2", "k1")}, {("k2",)}]


def test_a_rotation_of_tokens_adds_then_promotes_then_retires(file: Path) -> None:
    """The new key is published before it signs, and the old one until its tokens expire; the next rotation is alike."""
    steps = [kids(file)]

    for command in ("rotate", "promote", "retire") * 2:
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
    run("promote", "tokens", file)

    assert kids(file)[1:] == [old]


@pytest.mark.parametrize("kind", KINDS)
def test_a_rotation_of_one_kind_leaves_the_other_alone(file: Path, kind: str) -> None:
    """Link keys and token keys are rotated at different times."""
    before = dotenv_values(file)

    run("rotate", kind, file)

    changed = {name for name, value in dotenv_values(file).items() if value != before[name]}
    assert {name.startswith("LINK_KEY__") for name in changed} == {kind == "links"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_is_taken_once(file: Path, kind: str) -> None:
    """A command that is repeated, or comes too early, changes nothing and names the step that is due."""
    for command, too_early, due in [
        (None, ["promote", "retire"], "rotate"),
        ("rotate", ["rotate", "retire"], "promote"),
        ("promote", ["rotate", "promote"], "retire"),
        ("retire", ["promote", "retire"], "rotate"),
    ]:
        if command:
            run(command, kind, file)
        before = file.read_text()
        assert f"bin/cli keys {due} {kind} {file}" in run("list", kind, file)
        for refused in too_early:
            with pytest.raises(CommandError, match=f"bin/cli keys {due} {kind} "):
                run(refused, kind, file)
        assert file.read_text() == before


@pytest.mark.parametrize("kind", KINDS)
def test_new_keys_are_removed_on_demand_only(file: Path, kind: str) -> None:
    """`retire` before `promote` names the keys that it would remove; with --force the keys in use stay."""
    before = dotenv_values(file)
    run("rotate", kind, file)
    new, number = ("k2", len(links())) if kind == "links" else (kids(file)[1], 1)

    with pytest.raises(CommandError, match=rf"--force, and `retire` removes {new} \(variables: {number}\)"):
        run("retire", kind, file)

    assert f"Removed {new} (variables: {number})." in run("retire", kind, file, "--force")
    assert dotenv_values(file).keys() == before.keys()
    assert [key_ids(file), kids(file)] == [{("k1",)}, [kids(file)[0]]]


def steps(output: str) -> list[str]:
    """The numbered steps in the output of a command."""
    return re.findall(r"^  \d\. (.*)$", output, re.MULTILINE)


ALL = "deploy to {}, then the programs outside that have the keys of client".format(
    ", then ".join(one.name for one in SERVICES)
)


@pytest.mark.parametrize(
    ("kind", "receivers", "promote", "retire"),
    [("links", ALL, "", "120 s later, "), ("tokens", "deploy to user", "60 s later, ", "900 s later, ")],
)
def test_each_step_names_its_deployment_and_the_next_step(
    file: Path, kind: str, receivers: str, promote: str, retire: str
) -> None:
    """In order: who needs the file, those that are called first; how long to wait; and the command."""
    assert steps(run("rotate", kind, file)) == [receivers, f"{promote}bin/cli keys promote {kind} {file}"]
    assert steps(run("promote", kind, file)) == [receivers, f"{retire}bin/cli keys retire {kind} {file}"]
    assert steps(run("retire", kind, file)) == [receivers]


def test_make_names_what_a_person_must_add_and_who_needs_what_is_new(file: Path) -> None:
    """Addresses are known to a person alone; a new key goes to the services that have it."""
    with file.open("a") as lines:
        lines.writelines(
            f"{one.store_variable}=x\n{one.owner_variable}=x\n{one.url_variable}=x\n"
            for one in SERVICES
            if one.name != "user"
        )
    unset_key(file, "LINK_KEY__USER__ANALYTICS")

    made = run("make", file)

    assert re.search(r"1 added, \d+ already present", made)
    assert steps(made) == [
        f"add to {file}, as .env.example explains: USER_DATABASE_URL, USER_SERVICE_URL",
        "deploy to analytics, then user",
    ]


@pytest.mark.parametrize("given", ["ENVIRONMENT=staging", "ENVIRONMENT=local", "PRODUCTION=true"])
def test_make_keeps_an_environment_that_is_chosen(tmp_path: Path, given: str) -> None:
    """The file of another environment says so already."""
    file = tmp_path / "some.env"
    file.write_text(f"{given}\n")

    made = run("make", file)

    name, _, value = given.partition("=")
    assert {key: dotenv_values(file).get(key) for key in ("ENVIRONMENT", "PRODUCTION")} == {
        "ENVIRONMENT": None,
        "PRODUCTION": None,
    } | {name: value}
    assert (f"{name} is {value}." in made) == (name == "ENVIRONMENT")


@pytest.mark.parametrize("kind", KINDS)
def test_list_shows_ids_and_no_key(file: Path, kind: str) -> None:
    """The list shows no key to onlookers."""
    run("rotate", kind, file)

    output = run("list", kind, file)

    secrets = [part for value in dotenv_values(file).values() for part in str(value).replace(",", "\n").splitlines()]
    keys = [secret.rpartition(":")[2] for secret in secrets if len(secret) > 40]
    assert len(keys) > len(links())
    assert not any(key in output for key in keys)
    assert ("LINK_KEY__USER__ANALYTICS        k1, k2  (rotating)" in output) == (kind == "links")
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

    said = run("rotate", "tokens", file)

    added = TokenIssuer(json.loads(file.read_text())["JWT_PRIVATE_KEY"], "", "").jwks()["keys"]
    assert (len(added), added[0]) == (2, old)
    assert steps(said) == [
        f".venv/bin/python -m deploy.make_secrets {tmp_path}",
        "deploy to user",
        f"60 s later, bin/cli keys promote tokens {file}",
    ]
    assert file.stat().st_mode & 0o777 == 0o600
