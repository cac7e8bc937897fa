from typing import Any

import pytest
from fastapi import FastAPI

from chassis.auth.tokens import TokenIssuer
from chassis.postgres.database import Postgres
from tests.support.aliases import Bearer, MakeUser
from tests.user.logins import PASSWORD
from user import password_hashing as passwords
from user.models import User


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
    """Hash passwords cheaply, including the hash for unknown names, so that all take the same time."""
    monkeypatch.setattr(passwords, "_hasher", cheap_hasher)
    monkeypatch.setattr(passwords, "_nobodys_hash", lambda: password_hash)


@pytest.fixture
def database(apps: dict[str, FastAPI], clean: None) -> Postgres:
    """The user service's database, with empty tables."""
    store: Postgres = apps["user"].state.store
    return store


@pytest.fixture
def issuer(apps: dict[str, FastAPI]) -> TokenIssuer:
    """Issues the user service's access tokens."""
    own: TokenIssuer = apps["user"].state.issuer
    return own


@pytest.fixture
async def root(make_user: MakeUser) -> User:
    """An admin."""
    return await make_user("root", role="admin")


@pytest.fixture
def admin(root: User, bearer: Bearer) -> dict[str, str]:
    """The Authorization header of the admin."""
    return bearer(root)
