"""Claiming a sealed request (docs/protocol.md, "Replay store") in PostgreSQL, together with what it asks for."""

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.postgres.tables import sealed_requests
from chassis.sealing.replay import Claim

CLAIM = """
    claimed AS (
        INSERT INTO sealed_requests (issuer, request_id)
        SELECT CAST(:claim_issuer AS text), :claim_id WHERE CAST(:claim_issuer AS text) IS NOT NULL
        RETURNING issuer
    )
"""
"""The query with which a statement claims the request it is run for (``OwnClaim``), or fails: it was there already."""

_CLAIM = insert(sealed_requests).on_conflict_do_nothing().returning(sealed_requests.c.request_id)


def claimed_by(claim: Claim | None) -> dict[str, str | None]:
    """Give the values of ``CLAIM``; without a claim it does nothing."""
    return {"claim_issuer": claim.issuer if claim else None, "claim_id": claim.request_id if claim else None}


async def claim_in(session: AsyncSession, issuer: str, request_id: str) -> bool:
    """Claim a request as part of a transaction; False if it was claimed already."""
    claimed = await session.execute(_CLAIM, {"issuer": issuer, "request_id": request_id})
    return claimed.one_or_none() is not None
