"""The two accounts of a development stack whose passwords are printed."""

import asyncio
from collections.abc import Mapping
from importlib import import_module
from typing import Literal, NamedTuple

from cli.links import token_issuer


class Login(NamedTuple):
    """A name and its password."""

    name: str
    password: str


PERSON = Login("demo", "demo-password-for-development")
ADMIN = Login("demo-admin", "admin-password-for-development")


def ensure_demo_accounts(environment: Mapping[str, str]) -> None:
    """Create both accounts of a development stack, unless they exist; no mail is sent."""

    async def ensure() -> None:
        await asyncio.gather(ensure_demo_person(environment), ensure_demo_admin(environment))

    asyncio.run(ensure())


async def ensure_demo_person(environment: Mapping[str, str]) -> Login:
    """Create the account of the demo person, unless it exists."""
    return await _ensure(environment, PERSON, "user")


async def ensure_demo_admin(environment: Mapping[str, str]) -> Login:
    """Create the account of the demo admin, unless it exists."""
    return await _ensure(environment, ADMIN, "admin")


async def _ensure(environment: Mapping[str, str], login: Login, role: Literal["user", "admin"]) -> Login:
    await import_module(f"{token_issuer()}.demo").ensure_account(environment, *login, role)
    return login
