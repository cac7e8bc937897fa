import pytest
from fastapi import FastAPI

from chassis.application import application_of
from tests.gateway.asking import Asking, CountingDispatcher


@pytest.fixture
def counting(apps: dict[str, FastAPI], clean: None) -> CountingDispatcher:
    """Makes the gateway's calls, with empty tables, and lists them."""
    return CountingDispatcher(application_of(apps["gateway"]).dispatcher)


@pytest.fixture
def ask(counting: CountingDispatcher) -> Asking:
    """Executes documents as people."""
    return Asking(counting)
