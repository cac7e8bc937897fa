"""Clients that other people wrote, run as their users run them."""

import pytest

from tests.support.node import Node


@pytest.fixture(scope="session")
async def node() -> Node:
    """Node with the pinned packages."""
    return await Node.install()
