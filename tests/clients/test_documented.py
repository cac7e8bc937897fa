"""The page of clients: its versions, and its programs as a reader pastes them."""

import re
import sys
import tomllib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from cli.dev.files import ROOT
from tests.analytics.sending import Stored
from tests.clients.addresses import address_of
from tests.support.aliases import MakeUser, People
from tests.support.node import Node, read_packages, run
from tests.support.python_clients import PythonClients
from tests.user.logins import log_in

PAGE = ROOT / "docs" / "clients.md"
LOCKS = [ROOT / "requirements" / name for name in ("dev.txt", "clients.txt")]
ROW = re.compile(r"^\| `([^`]+)` \| (PyPI|npm) \| ([^ ]+) \| .* (tests/[^ ]+)(?: <!--.*)? \|$", re.MULTILINE)
LOCKED = re.compile(r"^([a-z0-9.-]+)(?:\[[^]]*\])?==([^ ]+) ", re.MULTILINE)
PROGRAM = re.compile(r"^```(python|js)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PROGRAMS = PROGRAM.findall(PAGE.read_text())
SENDERS = [(language, text) for language, text in PROGRAMS if "KEY" in text]
VERIFIERS = [(language, text) for language, text in PROGRAMS if "token" in text]
COMPILER = ("npm", "typescript")
Package = tuple[str, str]
Paste = Callable[[str, str], Awaitable[str]]
"""Runs a program of the page in its language, and returns what it printed."""


def read_npm() -> dict[Package, str]:
    """Read the npm packages with their versions."""
    return {("npm", name): version for name, version in read_packages().items()}


def read_locks() -> dict[Package, str]:
    """Read the locked Python packages with their versions."""
    return {("PyPI", name): version for lock in LOCKS for name, version in LOCKED.findall(lock.read_text())}


def test_the_page_has_the_tested_versions() -> None:
    """Each client of the table has the version that the tests install."""
    documented = {(registry, name): version for name, registry, version, _ in ROW.findall(PAGE.read_text())}
    installed = read_npm() | read_locks()

    assert documented == {client: installed.get(client) for client in documented}


def test_the_page_has_every_client() -> None:
    """No client is installed without being listed, the test that the table names exists, and there are programs."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    rows = ROW.findall(PAGE.read_text())
    tested = {*read_npm(), *(("PyPI", name) for name in groups["clients"])} - {COMPILER}

    assert tested - {(registry, name) for name, registry, *_ in rows} == set()
    assert [test for *_, test in rows if not (ROOT / test).exists()] == []
    assert SENDERS
    assert VERIFIERS


@pytest.fixture
def paste(environment: dict[str, str], node: Node, python_clients: PythonClients, tmp_path: Path) -> Paste:
    """Runs programs, with the addresses of the tests' services in place of those of ``make run``."""

    async def run_here(language: str, text: str) -> str:
        reached = address_of(environment, "analytics" if "KEY" in text else "user")
        addresses = {"http://127.0.0.1:8000": reached, "http://127.0.0.1:8002": environment["USER_SERVICE_URL"]}
        for documented, actual in addresses.items():
            text = text.replace(documented, actual)
        file = tmp_path / f"pasted.{'mjs' if language == 'js' else 'py'}"
        file.write_text(text)
        if language == "js":
            return await node.script(file)
        return await (python_clients.script(file) if "rudderstack" in text else run(Path(sys.executable), file))

    return run_here


@pytest.mark.long
@pytest.mark.parametrize(("language", "text"), SENDERS, ids=range(len(SENDERS)))
async def test_a_pasted_program_sends_an_event(
    write_key: str, stored: Stored, paste: Paste, language: str, text: str
) -> None:
    """With a write key and nothing else; the event is stored."""
    await paste(language, f"const KEY = '{write_key}';\n{text}" if language == "js" else f"KEY = '{write_key}'\n{text}")

    assert [event["data"].keys() & {"artist", "price"} != set() for event in await stored()] == [True]


@pytest.mark.long
@pytest.mark.parametrize(("language", "text"), VERIFIERS, ids=range(len(VERIFIERS)))
async def test_a_pasted_program_verifies_a_token(
    people: People, make_user: MakeUser, paste: Paste, language: str, text: str
) -> None:
    """It knows the person."""
    ada = await make_user("ada")
    token = (await log_in(people))["access_token"]
    before, after = {
        "js": (f"const token = '{token}';\n", "console.log(payload.sub);\n"),
        "python": (f"token = '{token}'\n", "print(claims['sub'])\n"),
    }[language]

    assert (await paste(language, before + text + after)).strip() == str(ada.id)
