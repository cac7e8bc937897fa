"""HTTPie, as a person uses it in a terminal."""

import json
from typing import Any

import pytest

from tests.support.aliases import MakeUser, People
from tests.support.python_clients import PythonClients
from tests.user.logins import PASSWORD, log_in

pytestmark = pytest.mark.long


async def http(python_clients: PythonClients, *words: str) -> Any:  # noqa: ANN401 - JSON is what it is
    """Run HTTPie."""
    return json.loads(await python_clients.tool("http", "--check-status", "--ignore-stdin", *words))


@pytest.mark.usefixtures("own_settings")
async def test_httpie_logs_in(python_clients: PythonClients, users: str, make_user: MakeUser) -> None:
    """A person logs in by a form and by JSON, and reads the profile."""
    ada = await make_user("ada")

    await http(python_clients, "--form", f"{users}/login", "username=ada", f"password={PASSWORD}")
    tokens = await http(python_clients, f"{users}/login", "username=ada", f"password={PASSWORD}")
    profile = await http(python_clients, "-A", "bearer", "-a", tokens["access_token"], f"{users}/profile")

    assert (profile["id"], profile["username"]) == (str(ada.id), "ada")


# --- about gateway ---
@pytest.mark.usefixtures("own_settings")
async def test_httpie_registers(python_clients: PythonClients, users: str, people: People) -> None:
    """A person registers, plainly, and can log in at the service."""
    new = ("username=ada", "email=ada@example.org", f"password={PASSWORD}")

    ada = await http(python_clients, f"{users}/register", *new)

    token = (await log_in(people))["access_token"]
    stored = await people["user"].get("/api/v1/users/profile", headers={"Authorization": f"Bearer {token}"})
    assert stored.json()["id"] == ada["id"]


# --- end about gateway ---
