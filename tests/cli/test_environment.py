"""Which processes get which environment variables."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from dotenv import dotenv_values
from typer.testing import CliRunner

from cli.__main__ import app
from cli.dev import environment
from cli.dev.environment import given_environment, service_environment, stack_environment, write_environment
from cli.environment import store_url, use_running_stack
from cli.errors import CommandError
from cli.links import settings_class, with_peers
from cli.services import SERVICES, STORED, Service, find_service
from cli.services.discovery import front_of

LINK_KEYS = {
    f"LINK_KEY__{pair}": pair
    for pair in ("ORDER__USER", "USER__ORDER", "ORDER__PRODUCT", "PRODUCT__ORDER", "CLIENT__ANALYTICS")
}
STORES = {service.store_variable: f"url of {service.name}" for service in STORED}
PORTS = {service.name: service.port for service in SERVICES}
PEM = "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n"


@pytest.fixture
def everything() -> dict[str, str]:
    """The variables of a whole stack."""
    return stack_environment({}, {"JWT_PRIVATE_KEY": PEM, "USER_DATABASE_PASSWORD": "p"} | LINK_KEYS, PORTS, STORES)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_service_sees_its_own_database_only(everything: dict[str, str], service: Service) -> None:
    """Of all databases, a service gets the address of its own."""
    seen = service_environment(service, everything)

    assert seen.keys() & STORES.keys() == ({service.store_variable} if service.store else set())


def test_no_service_sees_the_address_for_the_owner_of_its_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor the file with it; the file with its own address it does. Commands get both."""
    shared = Service("shared", 8100, "reflected")
    monkeypatch.setattr(environment, "STORED", (*STORED, shared))
    monkeypatch.setattr(environment, "REFLECTED", (shared,))
    own, of_owner = {"SHARED_DATABASE_URL": "a"}, {"SHARED_OWNER_URL": "b", "SHARED_OWNER_URL_FILE": "/b"}
    stack = stack_environment({}, {}, PORTS, own | of_owner) | {"SHARED_DATABASE_URL_FILE": "/a"}
    monkeypatch.setattr(environment, "settings_class", lambda _name: settings_class("user"))

    seen = service_environment(shared, stack)

    assert of_owner.items() <= stack.items()
    assert {name for name in seen if name.startswith("SHARED_")} == {"SHARED_DATABASE_URL", "SHARED_DATABASE_URL_FILE"}
    assert not any(name.startswith("SHARED_") for name in service_environment(SERVICES[0], stack))


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_service_sees_the_keys_of_its_own_links_only(everything: dict[str, str], service: Service) -> None:
    """A service gets only the link keys of its own links."""
    seen = service_environment(service, everything)

    own = {name for name, pair in LINK_KEYS.items() if service.name.upper() in pair}
    assert seen.keys() & LINK_KEYS.keys() == own


def test_only_user_can_sign_tokens(everything: dict[str, str]) -> None:
    """Only the user service gets the private signing key."""
    holders = [service.name for service in SERVICES if "JWT_PRIVATE_KEY" in service_environment(service, everything)]

    assert holders == ["user"]


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_service_knows_where_its_peers_are(everything: dict[str, str], service: Service) -> None:
    """A service gets its own address and those of its peers, with the chosen ports; a new service changes no other."""
    seen = service_environment(service, everything)

    known = [one for one in SERVICES if one.name in {service.name, *settings_class(service.name).peers}]
    addresses = {one.url_variable: f"http://127.0.0.1:{one.port}" for one in known}
    assert {name: value for name, value in seen.items() if name.endswith("_SERVICE_URL")} == addresses


def test_every_documentation_knows_where_the_services_are(everything: dict[str, str]) -> None:
    """Each /docs logs in at the user service and links to the others, at the chosen ports."""
    seen = service_environment(SERVICES[0], everything)

    assert json.loads(seen["DOCS_SERVICES"]) == {one.name: f"http://127.0.0.1:{one.port}" for one in SERVICES}


@pytest.mark.parametrize("given", [{}, {"JWT_ISSUER": "mine"}])
def test_people_find_metadata_at_the_issuer(given: dict[str, str]) -> None:
    """The issuer is the address that people use: the front's, if it runs, or the service's own (RFC 8414)."""
    alone = {"user": PORTS["user"]}
    front = front_of(SERVICES)
    public = PORTS[front.name if front else "user"]

    issuers = [stack_environment(given, {}, ports, STORES)["JWT_ISSUER"] for ports in (PORTS, alone)]

    assert issuers == [given.get("JWT_ISSUER", f"http://127.0.0.1:{port}") for port in (public, PORTS["user"])]


def test_traces_and_errors_go_where_the_person_at_the_keyboard_says() -> None:
    """Every service gets the settings; without them nothing is configured."""
    given = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "SENTRY_DSN": "http://key@127.0.0.1/1"}

    assert given.items() <= service_environment(SERVICES[0], stack_environment(given, {}, PORTS, STORES)).items()
    assert not given.keys() & stack_environment({}, {}, PORTS, STORES).keys()


def test_passwords_are_in_addresses_only(everything: dict[str, str]) -> None:
    """A secret that is not an environment variable does not become one."""
    assert "USER_DATABASE_PASSWORD" not in everything


def test_log_level_can_be_given() -> None:
    """The caller's LOG_LEVEL is kept; without one it is INFO."""
    assert stack_environment({"LOG_LEVEL": "DEBUG"}, {}, PORTS, {})["LOG_LEVEL"] == "DEBUG"
    assert stack_environment({}, {}, PORTS, {})["LOG_LEVEL"] == "INFO"


def test_environment_beats_the_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable in the environment overrides the one in `.env`."""
    (tmp_path / ".env").write_text("MAX_IN_FLIGHT=1\nRELAY=false\n")
    monkeypatch.setenv("MAX_IN_FLIGHT", "2")

    given = given_environment(tmp_path / ".env")

    assert (given["MAX_IN_FLIGHT"], given["RELAY"]) == ("2", "false")


@pytest.mark.parametrize("value", [PEM, "a b=$HOME`id`#!", "it's", 'say "x"', ""])
def test_written_environment_is_read_alike_by_shell_and_dotenv(tmp_path: Path, value: str) -> None:
    """Whatever a value contains, a shell and python-dotenv read back what was written."""
    file = tmp_path / "env"
    write_environment({"VALUE": value}, file)

    shell = subprocess.run(
        ["/bin/sh", "-c", f'. {file}; printf %s. "$VALUE"'], capture_output=True, text=True, check=True
    )

    assert shell.stdout == f"{value}."
    assert dotenv_values(file, interpolate=False) == {"VALUE": value}


def test_no_running_environment_without_a_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of an ended stack is not used."""
    monkeypatch.setattr(environment, "LOCK", tmp_path / "lock")

    with pytest.raises(CommandError, match="make run"):
        environment.running_environment([])


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment of this process in which nothing is set, in a folder where no stack runs."""
    variables = dict[str, str]()
    monkeypatch.setattr(os, "environ", variables)
    monkeypatch.setattr(environment, "is_held", lambda _lock: False)
    return variables


def test_a_command_finds_the_database_under_a_familiar_name(process: dict[str, str]) -> None:
    """Without a stack and without our variables, DATABASE_URL is the address of the service's database."""
    process["DATABASE_URL"] = "postgresql://app:secret@db/shop"

    user = find_service("user")

    assert store_url(user, use_running_stack([user])).get_secret_value() == process["DATABASE_URL"]


def test_the_running_stack_comes_before_familiar_names(
    process: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A DATABASE_URL may belong to another project: in a folder whose stack runs, the stack's database is used."""
    process["DATABASE_URL"] = "postgresql://app:secret@db/another_project"
    monkeypatch.setattr("cli.dev.environment.running_environment", lambda _needed: STORES)

    user = find_service("user")

    assert store_url(user, use_running_stack([user])).get_secret_value() == "url of user"


PARTIAL = [
    ["call", "user", "GET", "/livez"],
    ["demo"],
    ["invariants"],
    ["backup", "today"],
    ["events", "dead"],
    ["events", "replay", "user"],
    ["relay", "user"],
    ["db", "migrate", "user", "-m", "x"],
    ["db", "upgrade"],
    ["db", "downgrade", "user"],
    ["user", "create-admin", "ada", "ada@example.org"],
]
"""The commands that need addresses; analytics alone runs."""


@pytest.mark.parametrize("arguments", PARTIAL, ids=" ".join)
def test_a_command_names_the_services_that_do_not_run(
    process: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str]
) -> None:
    """With a part of the stack it names those that it needs, and how to start them; it does nothing else."""
    process["DATABASE_URL"] = "postgresql://app:secret@db/another_project"
    monkeypatch.setattr(environment, "is_held", lambda _lock: True)
    monkeypatch.setattr(environment, "ENVIRONMENT", tmp_path / "env")
    monkeypatch.chdir(tmp_path)
    analytics = find_service("analytics")
    write_environment({analytics.url_variable: "http://127.0.0.1:1", analytics.store_variable: "url"}, tmp_path / "env")

    refused = CliRunner().invoke(app, arguments).exception

    assert isinstance(refused, CommandError)
    assert re.search(
        r"^Not running: (?!analytics)[\w, ]*\buser\b.* Ctrl-C, then start all with `make run`", str(refused)
    )
    assert analytics.url_variable not in process
    assert [file.name for file in tmp_path.iterdir()] == ["env"]


@pytest.mark.parametrize(
    ("given", "missing"),
    [("ANALYTICS_SERVICE_URL", "USER_SERVICE_URL"), ("USER_SERVICE_URL", "LINK_KEY__CLIENT__USER")],
)
def test_what_a_call_lacks_in_a_given_environment_is_named(process: dict[str, str], given: str, missing: str) -> None:
    """Outside of development there is no stack that could complete it."""
    process[given] = "http://127.0.0.1:1"

    refused = CliRunner().invoke(app, ["call", "user", "GET", "/livez"]).exception

    assert isinstance(refused, CommandError)
    assert str(refused).startswith(missing)


@pytest.mark.parametrize(
    ("asked", "started"),
    [
        (["analytics"], ["analytics", "user"]),
        # --- about product ---
        (["product"], ["analytics", "user", "product"]),
        # --- end about product ---
        # --- about order ---
        (["order"], ["analytics", "user", "product", "order"]),
        # --- end about order ---
    ],
)
def test_a_service_is_started_with_those_that_it_needs(asked: list[str], started: list[str]) -> None:
    """What a service calls, or delivers events to, runs with it, and so on."""
    found = [one.name for one in with_peers(map(find_service, asked))]

    assert set(started) <= set(found)
    assert set().union(*(settings_class(name).peers for name in found)) <= set(found)


def test_addresses_are_those_of_the_services_that_run() -> None:
    """A part of the stack has no addresses of the rest."""
    part = stack_environment({}, {}, {name: PORTS[name] for name in ("analytics", "user")}, {})

    assert {name for name in part if name.endswith("_SERVICE_URL")} == {"ANALYTICS_SERVICE_URL", "USER_SERVICE_URL"}
