"""Locust, which makes load."""

import json
from pathlib import Path

import pytest

from tests.clients.addresses import address_of
from tests.support.aliases import MakeUser
from tests.support.python_clients import PythonClients
from tests.user.logins import PASSWORD

pytestmark = pytest.mark.long

PEOPLE, READS = 3, 15
QUIET = ("--headless", "--json", "--skip-log", "--loglevel", "ERROR", "--run-time", "60s")


async def test_locust_logs_in_and_reads_without_a_failure(
    environment: dict[str, str], python_clients: PythonClients, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three people log in, and read their profile five times each at the same time."""
    await make_user("ada")
    monkeypatch.setenv("LOCUST_NAME", "ada")
    monkeypatch.setenv("LOCUST_PASSWORD", PASSWORD)
    load = ("-u", str(PEOPLE), "-r", str(PEOPLE), "--host", address_of(environment, "user"))
    file = Path(__file__).parent / "programs" / "locustfile.py"

    printed = await python_clients.tool("locust", "-f", file, *load, *QUIET)

    counted = json.loads(printed[printed.index("[") :])
    assert sum(entry["num_failures"] for entry in counted) == 0
    assert sum(entry["num_requests"] for entry in counted) == PEOPLE + READS
