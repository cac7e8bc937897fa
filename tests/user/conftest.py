from typing import Any

import pytest
from fastapi import FastAPI

from chassis.application import own_part
from chassis.postgres.database import Postgres
from tests.support.aliases import Bearer, MakeUser
from tests.user.logins import PASSWORD
from user import password_hashing as passwords
from user.dependencies import Parts
from user.models import User
from user.tokens.issuer import TokenIssuer


@pytest.fixture(scope="session")
def cheap_hasher() -> Any:  # noqa: ANN401 - passlib has no types
    """Makes hashes of the same form in a thousandth of the time."""
    return passwords._hasher.using(memory_cost=8, rounds=1)  # noqa: SLF001 - nobody else is to make them cheaper


@pytest.fixture(scope="session")
def password_hash(cheap_hasher: Any) -> str:  # noqa: ANN401
    """The hash of PASSWORD."""
    return str(cheap_hasher.hash(PASSWORD))


@pytest.fixture(autouse=True)
def cheap_hashes(cheap_hasher: Any, password_hash: str, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401
    """Hash passwords cheaply, including the hash for unknown names; accept PASSWORD without rating its strength."""
    monkeypatch.setattr(passwords, "_hasher", cheap_hasher)
    monkeypatch.setattr(passwords, "_nobodys_hash", lambda: password_hash)
    judge = passwords._score  # noqa: SLF001 - as above
    strong = passwords.STRONG
    monkeypatch.setattr(
        passwords, "_score", lambda password, own: strong if password == PASSWORD else judge(password, own)
    )


@pytest.fixture
def database(apps: dict[str, FastAPI], clean: None) -> Postgres:
    """The user service's database, with empty tables."""
    store: Postgres = apps["user"].state.application.store
    return store


@pytest.fixture
def issuer(apps: dict[str, FastAPI]) -> TokenIssuer:
    """Issues the user service's access tokens."""
    return own_part(apps["user"], Parts).issuer


@pytest.fixture
async def root(make_user: MakeUser) -> User:
    """An admin."""
    return await make_user("root", role="admin")


@pytest.fixture
def admin(root: User, bearer: Bearer) -> dict[str, str]:
    """The Authorization header of the admin."""
    return bearer(root)
