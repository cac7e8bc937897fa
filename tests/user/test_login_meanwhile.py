import pytest
from sqlalchemy import Update, select, update

from chassis.postgres.database import Postgres
from tests.support.aliases import MakeUser, People
from tests.user.logins import attempt, change, log_in, read
from user.models import User, UserSession
from user.password_hashing import hash_password, needs_rehash, verify_password
from user.services import log_in as logging_in

WEAKER = "$argon2id$v=19$m=8192,t=1,p=1$4lxrTYnxvvfeG2OstTbGuA$3qblgCGTNXW52x9RIjyh9sv/ZOFZI5gSg37ZwRU9x24"
"""PASSWORD, hashed with outdated parameters."""


async def test_login_upgrades_a_weaker_hash(people: People, make_user: MakeUser, database: Postgres) -> None:
    """A hash with outdated parameters is replaced by one with current parameters, and still works."""
    await make_user("ada")
    await change(database, update(User).values(password_hash=WEAKER))

    await log_in(people)

    [stronger] = await read(database, select(User.password_hash))
    assert needs_rehash(WEAKER)
    assert not needs_rehash(stronger)
    await log_in(people)


async def test_login_upgrades_no_password_that_has_changed(
    people: People, make_user: MakeUser, database: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the password changes during the upgrade, the new one stays, and the old one is refused."""
    await make_user("ada")
    await change(database, update(User).values(password_hash=WEAKER))
    changed = await hash_password("staple battery horse")

    async def hash_slowly(password: str) -> str:
        await change(database, update(User).values(password_hash=changed))
        return await hash_password(password)

    monkeypatch.setattr(logging_in, "hash_password", hash_slowly)

    response = await attempt(people)

    assert response.status_code == 401
    assert await read(database, select(User.password_hash)) == [changed]


async def test_two_logins_may_upgrade_a_hash_at_once(
    people: People, make_user: MakeUser, database: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If another login upgrades the hash meanwhile, this one succeeds as well."""
    await make_user("ada")
    await change(database, update(User).values(password_hash=WEAKER))

    async def hash_second(password: str) -> str:
        await change(database, update(User).values(password_hash=await hash_password(password)))
        return await hash_password(password)

    monkeypatch.setattr(logging_in, "hash_password", hash_second)

    assert (await attempt(people)).status_code == 200


@pytest.mark.parametrize(
    "meanwhile",
    [
        pytest.param(update(User).values(password_hash=WEAKER.replace("8192", "8193")), id="password"),
        pytest.param(update(User).values(is_active=False), id="activation"),
    ],
)
async def test_a_login_does_not_outrun_a_change(
    people: People, make_user: MakeUser, database: Postgres, monkeypatch: pytest.MonkeyPatch, meanwhile: Update
) -> None:
    """If password or activation change while the old password is checked, no session survives."""
    ada = await make_user("ada")

    async def verify_slowly(password: str, password_hash: str | None) -> bool:
        is_right = await verify_password(password, password_hash)
        await change(database, meanwhile)
        return is_right

    monkeypatch.setattr(logging_in, "verify_password", verify_slowly)

    response = await attempt(people)

    assert response.status_code == 401
    assert await read(database, select(UserSession.id)) == [ada.id]  # the one that comes with the account
