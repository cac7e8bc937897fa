"""HTTPie, as a person uses it in a terminal."""

import json
from typing import Any

import pytest

from tests.support.python_clients import PythonClients
from tests.user.logins import PASSWORD

pytestmark = pytest.mark.long


@pytest.mark.usefixtures("own_settings")
async def test_httpie_registers_and_logs_in(python_clients: PythonClients, users: str) -> None:
    """A person registers, logs in by a form and by JSON, and reads the profile."""

    async def http(*words: str) -> Any:  # noqa: ANN401 - JSON is what it is
        return json.loads(await python_clients.tool("http", "--check-status", "--ignore-stdin", *words))

    ada = await http(f"{users}/register", "username=ada", "email=ada@example.org", f"password={PASSWORD}")
    await http("--form", f"{users}/login", "username=ada", f"password={PASSWORD}")
    tokens = await http(f"{users}/login", "username=ada", f"password={PASSWORD}")
    profile = await http("-A", "bearer", "-a", tokens["access_token"], f"{users}/profile")

    assert (profile["id"], profile["username"]) == (ada["id"], "ada")
