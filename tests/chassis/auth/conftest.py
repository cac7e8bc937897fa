"""An issuer and a clock for each test."""

import pytest

from tests.chassis.auth.issuer import Clock, Issuer


@pytest.fixture
def issuer() -> Issuer:
    """An issuer with one key."""
    return Issuer()


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()
