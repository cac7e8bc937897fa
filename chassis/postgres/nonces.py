"""Storing the nonce of a sealed request (docs/protocol.md, "Replay store") in the transaction of its work."""

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
    Stores the nonce of the sealed request that a statement serves (``OwnClaim``), or fails if it was used before.

    A statement that locks rows reads from ``claimed`` first, so that a replayed request waits without holding locks.
    """

    claim: Claim | None
    """None if the request was not sealed; nothing is stored then."""

    queries: ClassVar[str] = """
        claimed AS (
            INSERT INTO sealed_requests (issuer, request_id)
            SELECT CAST(:claim_issuer AS text), :claim_id WHERE CAST(:claim_issuer AS text) IS NOT NULL
            RETURNING issuer
        )
    """

    def values(self, service: str) -> Mapping[str, str | None]:  # noqa: ARG002
        """Return the sender of the request and its id."""
        if self.claim is None:
            return {"claim_issuer": None, "claim_id": None}
        return {"claim_issuer": self.claim.issuer, "claim_id": self.claim.request_id}

    def refusal(self, error: PostgresError) -> AppError | None:
        """Return the 401 for a nonce that was used before."""
        is_claimed = isinstance(error, UniqueViolationError) and error.table_name == sealed_requests.name
        return self.claim.refuse() if self.claim and is_claimed else None


async def claim_in(session: AsyncSession, issuer: str, request_id: str) -> bool:
    """Store the nonce of a request in a transaction; return False if it was used before."""
    claimed = await session.execute(_CLAIM, {"issuer": issuer, "request_id": request_id})
    return claimed.one_or_none() is not None
