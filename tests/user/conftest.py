from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from chassis.application import own_part
from chassis.postgres.database import Postgres
from tests.support.aliases import Bearer, MakeUser
from tests.support.having import having
from tests.user.mailbox import Mailbox
from user.dependencies import Parts
from user.models import User
from user.tokens.issuer import TokenIssuer


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


@pytest.fixture
async def mailbox(apps: dict[str, FastAPI], clean: None) -> AsyncIterator[Mailbox]:
    """Receives the user service's mails."""
    mailbox = Mailbox()
    with having(apps["user"], mailer=mailbox):
        yield mailbox
