"""Clients that other people wrote, run as their users run them."""

from pathlib import Path

import pytest
from fastapi import FastAPI

from cli.dev.files import ROOT
from tests.analytics.conftest import keyed, stored, write_key
from tests.clients.addresses import address_of
from tests.clients.front_end import FrontEnd
from tests.support.node import Node, run
from tests.support.python_clients import PythonClients

__all__ = ["keyed", "stored", "write_key"]


@pytest.fixture(scope="session")
async def node() -> Node:
    """Node with the pinned packages."""
    return await Node.install()


@pytest.fixture(scope="session")
async def python_clients() -> PythonClients:
    """The locked clients for Python."""
    return await PythonClients.install()


# --- about gateway ---
@pytest.fixture(scope="session")
async def sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `bin/cli client typescript` has written a client."""
    folder = tmp_path_factory.mktemp("front_end")
    await run(ROOT / "bin/cli", "client", "typescript", "--out", folder / "sdk")
    return folder


@pytest.fixture
def front_end(sdk: Path, node: Node, apps: dict[str, FastAPI], environment: dict[str, str], clean: None) -> FrontEnd:
    """A front end of the tests' gateway."""
    return FrontEnd(sdk, environment["GATEWAY_SERVICE_URL"], node)


# --- end about gateway ---
@pytest.fixture
def users(apps: dict[str, FastAPI], environment: dict[str, str], clean: None) -> str:
    """The address of the user service's routes, as people reach them."""
    return f"{address_of(environment, 'user')}/api/v1/users"


@pytest.fixture
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the person's settings, and without a look for newer versions."""
    (tmp_path / "config.json").write_text('{"disable_update_warnings": true}')
    monkeypatch.setenv("HTTPIE_CONFIG_DIR", str(tmp_path))
