from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text

from chassis.core.errors import Conflict, Unauthenticated
from chassis.postgres.database import Postgres
from chassis.sealing.envelope import CLAIM_SECONDS
from chassis.sealing.replay import Claim
from cli.databases import opened
from cli.dev.postgres import EmbeddedPostgres
from tests.chassis.things import Thing, create_tables, without_rows


@pytest.fixture(scope="module")
async def store(postgres: EmbeddedPostgres) -> AsyncIterator[Postgres]:
    """A database with things."""
    url = postgres.create_database("claims")
    await create_tables(url)
    async with opened(Postgres(SecretStr(url), "tests")) as store:
        yield store


@pytest.fixture
async def database(store: Postgres) -> Postgres:
    """The database, without any rows."""
    return await without_rows(store)


async def test_a_request_is_claimed_once(database: Postgres) -> None:
    """A request id of one issuer is claimed once; another issuer's, or another id, is accepted."""
    claims = [("order", "one"), ("order", "one"), ("user", "one"), ("order", "two")]

    assert [await database.claim(*claim) for claim in claims] == [True, False, True, True]


async def test_a_transaction_claims_its_request_once(database: Postgres) -> None:
    """A second claim is a 401 before any effect; a transaction that fails claims nothing."""
    claim = Claim("order", "one")
    with pytest.raises(Conflict):
        await store_and_fail(database, claim)
    async with database.transaction(claim) as session:
        session.add(Thing(name="cup"))

    with pytest.raises(Unauthenticated):
        await store_and_fail(database, claim)

    assert claim.refused
    async with database.transaction(Claim("order", "two")) as session:
        assert (await session.scalars(select(Thing.name))).all() == ["cup"]


async def store_and_fail(database: Postgres, claim: Claim) -> None:
    """Store a thing in a transaction that fails afterwards."""
    async with database.transaction(claim) as session:
        session.add(Thing(name="pot"))
        await session.flush()
        raise Conflict


async def test_old_claims_are_forgotten(database: Postgres) -> None:
    """Expired nonces are deleted, and no younger one."""
    ages = {"old": CLAIM_SECONDS + 1, "young": CLAIM_SECONDS - 10}
    for request_id, age in ages.items():
        await database.claim("order", request_id)
        async with database.transaction() as session:
            await session.execute(
                text(
                    "UPDATE sealed_requests SET claimed_at = now() - make_interval(secs => :age) WHERE request_id = :id"
                ),
                {"age": age, "id": request_id},
            )

    await database.purge_expired()

    assert [await database.claim("order", request_id) for request_id in ages] == [True, False]
