import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, delete, event

from chassis.postgres.database import Postgres
from tests.support.aliases import MakeUser
from tests.user.logins import PASSWORD, change
from user import password_hashing
from user.client import Client
from user.errors import InvalidCredentials
from user.models import Throttle
from user.schemas import Credentials
from user.services.log_in import log_in
from user.tokens.issuer import TokenIssuer

COST = re.compile(r"\$argon2id\$v=19\$(m=\d+,t=\d+,p=\d+)\$")


@pytest.fixture
def cheap_hashes() -> None:
    """Use real hashes: their cost is the subject."""


@pytest.fixture(scope="module")
async def password_hash() -> str:
    """The hash of PASSWORD as the service makes it."""
    return await password_hashing.hash_password(PASSWORD)


class Hasher:
    """A stand-in for passlib's hasher: records the cost of each hash that a password is compared with."""

    def __init__(self) -> None:
        self.costs: list[str] = []

    def verify(self, _password: str, password_hash: str) -> bool:
        """Record the cost, and return that the password is wrong."""
        self.costs += COST.findall(password_hash)
        return False


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect the statements that this task executes in PostgreSQL during the block."""
    executed: list[str] = []
    task = asyncio.current_task()

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if asyncio.current_task() is task:  # not those of the services meanwhile
            executed.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield executed
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def test_a_refusal_does_the_same_work_when_nobody_has_the_name(
    make_user: MakeUser, database: Postgres, issuer: TokenIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both refusals verify one hash of the same cost and run the same statements: timing reveals no account."""
    await make_user("ada")
    password_hashing._nobodys_hash()  # noqa: SLF001 - created once per process, by the real hasher
    work = {}
    for name in ("ada", "eve"):
        hasher = Hasher()
        monkeypatch.setattr(password_hashing, "_hasher", hasher)
        await change(database, delete(Throttle))
        wrong = Credentials(username=name, password=SecretStr("wrong password"))
        with statements() as executed, pytest.raises(InvalidCredentials):
            await log_in(database, issuer, Client("198.51.100.1"), wrong)
        work[name] = (hasher.costs, executed)

    hashes, executed = work["ada"]
    assert len(hashes) == 1
    assert len(executed) > 1
    assert work["eve"] == work["ada"]
