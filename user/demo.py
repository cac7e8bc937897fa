"""The part of user in `bin/cli demo`, and the accounts of a development stack."""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Literal

from pydantic import SecretStr

from chassis.core.errors import Conflict
from cli.demo.person import Person
from cli.environment import store_url
from cli.services import find_service
from user.commands import add_account
from user.events import UserRegistered
from user.schemas import UserAdd
from user.settings import Settings


async def demo(person: Person, _admin: Person) -> Counter[str]:
    """Read the profile of the person, who has just registered; returns the events that are counted then."""
    await person.do("one's profile", "user", "GET /api/v1/users/profile")
    return Counter({UserRegistered.type: 1})


async def ensure_account(
    environment: Mapping[str, str], name: str, password: str, role: Literal["user", "admin"]
) -> None:
    """Create an account, unless there is one of this name; no mail is sent."""
    new = UserAdd(username=name, email=f"{name}@example.org", password=SecretStr(password), role=role)
    with suppress(Conflict):
        await add_account(store_url(find_service(Settings.service_name), environment), new)
