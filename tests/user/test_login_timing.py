from statistics import median
from time import monotonic

import pytest
from sqlalchemy import delete

from chassis.postgres.database import Postgres
from tests.support.aliases import MakeUser, People
from tests.user.logins import PASSWORD, attempt, change
from user.models import Throttle
from user.password_hashing import hash_password

ROUNDS = 10
TIMES = 15


@pytest.fixture
def cheap_hashes() -> None:
    """Real hashes: their cost is the subject."""


@pytest.fixture(scope="module")
async def password_hash() -> str:
    """The hash of PASSWORD as the service makes it."""
    return await hash_password(PASSWORD)


async def test_login_takes_as_long_when_nobody_has_the_name(
    people: People, make_user: MakeUser, database: Postgres
) -> None:
    """The time of a refusal does not reveal whether an account exists: the medians differ by less than 5 %."""
    await make_user("ada")
    # A systematic difference appears in every round; a busy machine disturbs only some.
    for _ in range(ROUNDS):
        took: dict[str, list[float]] = {"ada": [], "eve": []}
        for _ in range(TIMES):
            for name, times in took.items():
                await change(database, delete(Throttle))
                begun = monotonic()
                await attempt(people, name, "wrong password")
                times.append(monotonic() - begun)
        ratio = median(took["ada"]) / median(took["eve"])
        if abs(ratio - 1) < 0.05:
            return
    pytest.fail(f"a refusal takes {ratio:.2f} times as long when there is such an account")
