"""The two accounts of a development stack whose passwords are printed."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Literal, NamedTuple

from pydantic import SecretStr

from chassis.core.errors import Conflict
from user.commands import add_account
from user.schemas import UserAdd


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
    address, password = f"{login.name}@example.org", SecretStr(login.password)
    new = UserAdd(username=login.name, email=address, password=password, role=role)
    with suppress(Conflict):  # it exists already
        await add_account(SecretStr(environment["USER_DATABASE_URL"]), new)
    return login
