"""The long run: ``ROUNDS=1000 pytest -n 0 tests/user/test_last_admin.py``."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth.tokens import Identity
from chassis.core.types import new_id
from chassis.postgres.database import Postgres
from tests.support.aliases import MakeUser, People
from tests.user.logins import PASSWORD, USERS
from user.client import Client
from user.errors import LastAdmin
from user.mail.outgoing import no_mail
from user.models import User
from user.schemas import UserChange, UserCreate
from user.services.change_user import change_user
from user.services.create_user import create_user
from user.services.erase_user import erase_user

NO_POST = no_mail(Postgres(SecretStr("postgresql://nobody@nowhere/users"), "user"), Client())
ROUNDS = int(os.environ.get("ROUNDS", "10"))


@pytest.mark.parametrize(
    ("method", "change"),
    [("PATCH", {"role": "user"}), ("PATCH", {"role": "analyst"}), ("PATCH", {"is_active": False}), ("DELETE", None)],
)
@pytest.mark.parametrize("has_inactive_colleague", [False, True])
async def test_the_last_admin_stays(  # noqa: PLR0913 - a row of the table and its world
    people: People,
    root: User,
    admin: dict[str, str],
    make_user: MakeUser,
    method: str,
    change: dict[str, Any] | None,
    *,
    has_inactive_colleague: bool,
) -> None:
    """The last admin is not demoted, deactivated or deleted; a deactivated admin does not count as another one."""
    if has_inactive_colleague:
        away = await make_user("away", role="admin")
        await people["user"].patch(f"{USERS}/{away.id}", json={"is_active": False}, headers=admin)

    response = await people["user"].request(method, f"{USERS}/{root.id}", json=change, headers=admin)

    assert (response.status_code, response.json()["code"]) == (409, "last_admin")
    assert (await people["user"].get(USERS, headers=admin)).status_code == 200


async def test_an_admin_goes_when_there_is_another(
    people: People, root: User, admin: dict[str, str], make_user: MakeUser
) -> None:
    """One of two admins may demote itself; its token is then refused."""
    await make_user("other", role="admin")

    response = await people["user"].patch(f"{USERS}/{root.id}", json={"role": "user"}, headers=admin)

    assert (response.status_code, response.json()["role"]) == (200, "user")
    assert (await people["user"].get(USERS, headers=admin)).status_code == 401


Leave = Callable[[AsyncSession, UUID, UUID], Awaitable[object]]
"""How the second of two admins is removed by the first."""


async def demote(session: AsyncSession, actor: UUID, whom: UUID) -> None:
    """Demote an admin to a user."""
    await change_user(session, identity(actor), Client(), NO_POST, whom, UserChange(role="user"))


async def deactivate(session: AsyncSession, actor: UUID, whom: UUID) -> None:
    """Deactivate an admin."""
    await change_user(session, identity(actor), Client(), NO_POST, whom, UserChange(is_active=False))


async def erase(session: AsyncSession, actor: UUID, whom: UUID) -> None:
    """Delete an admin."""
    await erase_user(session, Client(), whom, actor_id=actor)


def identity(user_id: UUID) -> Identity:
    """The identity of an admin's token."""
    return Identity(user_id, new_id(), frozenset({"admin"}))


@pytest.mark.parametrize("each_other", [True, False], ids=["each other", "themselves"])
@pytest.mark.parametrize("leave", [demote, deactivate, erase])
async def test_of_two_admins_who_leave_at_once_one_stays(database: Postgres, leave: Leave, *, each_other: bool) -> None:
    """Whatever the order, one of the two is refused as the last one, every time."""
    pair = ("one", "two")

    async def go(actor: UUID, whom: UUID) -> bool:
        try:
            async with database.transaction() as session:
                await leave(session, actor, whom)
        except LastAdmin:
            return False
        return True

    for number in range(ROUNDS):
        async with database.transaction() as session:
            await session.execute(delete(User))
            one, two = [(await create_user(session, newcomer(f"{name}{number}"), "hash", "admin")).id for name in pair]
        jobs = [go(one, two), go(two, one)] if each_other else [go(one, one), go(two, two)]

        assert sorted(await asyncio.gather(*jobs)) == [False, True]
        async with database.transaction() as session:
            left = select(func.count()).where(User.role == "admin", User.is_active)
            assert await session.scalar(left) == 1


def newcomer(username: str) -> UserCreate:
    """The account created for a round."""
    return UserCreate(username=username, email=f"{username}@example.org", password=SecretStr(PASSWORD))
