import pytest
from fastapi import FastAPI

from chassis.auth.tokens import TokenIssuer
from chassis.postgres import Postgres
from tests.aliases import Bearer, MakeUser
from user.models import User


@pytest.fixture
def database(apps: dict[str, FastAPI], clean: None) -> Postgres:
    """The user service's database, with empty tables."""
    store: Postgres = apps["user"].state.store
    return store


@pytest.fixture
def issuer(apps: dict[str, FastAPI]) -> TokenIssuer:
    """What signs the user service's access tokens."""
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
