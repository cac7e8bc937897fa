"""Clients that other people wrote, run as their users run them."""

import pytest

from tests.analytics.conftest import keyed, stored, write_key
from tests.order.conftest import shop
from tests.support.node import Node
from tests.support.python_clients import PythonClients

__all__ = ["keyed", "shop", "stored", "write_key"]


@pytest.fixture(scope="session")
async def node() -> Node:
    """Node with the pinned packages."""
    return await Node.install()


@pytest.fixture(scope="session")
async def python_clients() -> PythonClients:
    """The locked clients for Python."""
    return await PythonClients.install()
