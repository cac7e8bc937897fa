import asyncio

from sqlalchemy import delete, func, insert, select, update

from chassis.core.types import new_id
from chassis.postgres.database import Postgres
from tests.support.aliases import MakeUser, People
from tests.user.logins import PASSWORD, USERS, change, read
from user.models import User, UserCount


async def number(people: People) -> int:
    """The public number."""
    return int((await people["user"].get(f"{USERS}/stats/count")).json()["count"])


async def test_every_account_that_comes_or_goes_changes_the_number_once(
    people: People, admin: dict[str, str], make_user: MakeUser, database: Postgres
) -> None:
    """Refused accounts, other changes and a second deletion do not change it."""
    ada = await make_user("ada")
    await make_user("bob")
    taken = {"username": "ADA", "email": "other@example.org", "password": PASSWORD}
    assert await number(people) == 3

    await people["user"].post(USERS, json=taken, headers=admin)
    await people["user"].patch(f"{USERS}/{ada.id}", json={"is_active": False}, headers=admin)
    assert await number(people) == 3

    for _ in range(2):
        await people["user"].delete(f"{USERS}/{ada.id}", headers=admin)
    assert await number(people) == 2
    assert await read(database, select(func.count()).where(User.deleted_at.is_(None))) == [2]


async def test_the_number_is_kept_and_not_counted(people: People, make_user: MakeUser, database: Postgres) -> None:
    """A request reads the stored number, however many accounts there are."""
    await make_user("ada")
    await change(database, update(UserCount).values(accounts=UserCount.accounts + 41))

    assert await number(people) == 42


async def test_the_number_is_right_whoever_writes(people: People, make_user: MakeUser, database: Postgres) -> None:
    """Rows that an older version or a person adds, deletes and restores count too."""
    await make_user("ada")
    names = [f"old{n}" for n in range(20)]
    keys = ("username", "username_key", "email", "email_key", "password_hash")
    rows = [{"id": new_id(), **dict.fromkeys(keys, name)} for name in names]
    gone = {"is_active": False, "deleted_at": func.now()}

    await change(database, insert(User).values(rows))
    counts = [await number(people)]
    for statement in (
        update(User).where(User.username.in_(names[:5])).values(gone),
        update(User).where(User.username.in_(names[:2])).values(deleted_at=None),
        delete(User).where(User.username.in_(names)),
    ):
        await change(database, statement)
        counts.append(await number(people))

    assert counts == [21, 16, 18, 1]


async def test_an_account_that_is_not_committed_does_not_count(
    people: People, make_user: MakeUser, database: Postgres
) -> None:
    """The number changes with the account, not before."""
    ada = await make_user("ada")
    async with database.transaction() as session:
        await session.execute(delete(User).where(User.id == ada.id))
        before = await number(people)

    assert (before, await number(people)) == (1, 0)


async def test_accounts_that_come_and_go_at_once_all_count(
    people: People, admin: dict[str, str], make_user: MakeUser
) -> None:
    """The number is right after twenty are created while ten others are deleted, each in its own transaction."""
    leaving = [await make_user(f"leaving{n}") for n in range(10)]

    await asyncio.gather(
        *(make_user(f"coming{n}") for n in range(20)),
        *(people["user"].delete(f"{USERS}/{user.id}", headers=admin) for user in leaving),
    )

    assert await number(people) == 21
