"""The actions of people in system tests."""

from collections.abc import Mapping

import httpx

from cli.demo.accounts import ensure_demo_admin


async def log_in(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the Authorization header of the demo's admin."""
    async with httpx.AsyncClient(base_url=environment["USER_SERVICE_URL"]) as users:
        name, password = await ensure_demo_admin(environment)
        form = {"username": name, "password": password}
        token = (await users.post("/api/v1/users/login", data=form)).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}
