"""Clients that other people wrote, run as their users run them."""

from pathlib import Path

import pytest
from fastapi import FastAPI

from tests.analytics.conftest import keyed, stored, write_key
from tests.support.node import Node
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


@pytest.fixture
def users(apps: dict[str, FastAPI], environment: dict[str, str], clean: None) -> str:
    """The address of the user service's routes, through the gateway."""
    return f"{environment['GATEWAY_SERVICE_URL']}/api/v1/users"


@pytest.fixture
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the person's settings, and without a look for newer versions."""
    (tmp_path / "config.json").write_text('{"disable_update_warnings": true}')
    monkeypatch.setenv("HTTPIE_CONFIG_DIR", str(tmp_path))
