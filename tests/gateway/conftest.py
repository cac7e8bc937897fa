"""The gateway, and what people ask of it."""

import pytest
from fastapi import FastAPI

from tests.support.aliases import Bearer, Empty
from tests.support.asking import Asker, World


@pytest.fixture
def asker(
    environment: dict[str, str], bearer: Bearer, apps: dict[str, FastAPI], empty: Empty, password_hash: str
) -> Asker:
    """Sends the valid requests of other services' routes to the gateway."""
    return Asker(environment, bearer, World(apps, empty, password_hash), through="gateway")
