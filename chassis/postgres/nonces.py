"""Claiming a sealed request (docs/protocol.md, "Replay store") in PostgreSQL, together with what it asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from asyncpg import PostgresError, UniqueViolationError
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.core.errors import AppError
from chassis.postgres.purge import Expiry
from chassis.postgres.statements import Part
from chassis.postgres.tables import sealed_requests
from chassis.sealing.envelope import CLAIM_SECONDS
from chassis.sealing.replay import Claim

NONCE_EXPIRY = Expiry(sealed_requests.c.claimed_at, timedelta(seconds=CLAIM_SECONDS))

_CLAIM = insert(sealed_requests).on_conflict_do_nothing().returning(sealed_requests.c.request_id)


@dataclass(frozen=True, slots=True)
class Nonce(Part):
    """
    Claims the sealed request that a statement is run for (``OwnClaim``), or fails: it was claimed before.

    A statement that locks rows reads from ``claimed`` first, so that a replayed request waits without holding any.
    """

    claim: Claim | None
    """None if the request was not sealed; nothing is claimed then."""

    queries: ClassVar[str] = """
        claimed AS (
            INSERT INTO sealed_requests (issuer, request_id)
            SELECT CAST(:claim_issuer AS text), :claim_id WHERE CAST(:claim_issuer AS text) IS NOT NULL
            RETURNING issuer
        )
    """

    def values(self, service: str) -> Mapping[str, str | None]:  # noqa: ARG002
        """Return who sent the request, and its id."""
        if self.claim is None:
            return {"claim_issuer": None, "claim_id": None}
        return {"claim_issuer": self.claim.issuer, "claim_id": self.claim.request_id}

    def refusal(self, error: PostgresError) -> AppError | None:
        """Return the 401 of a request that was claimed before."""
        is_claimed = isinstance(error, UniqueViolationError) and error.table_name == sealed_requests.name
        return self.claim.refuse() if self.claim and is_claimed else None


async def claim_in(session: AsyncSession, issuer: str, request_id: str) -> bool:
    """Claim a request as part of a transaction; False if it was claimed already."""
    claimed = await session.execute(_CLAIM, {"issuer": issuer, "request_id": request_id})
    return claimed.one_or_none() is not None
