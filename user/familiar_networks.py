"""
Networks from which the owner of an account has come before.

Logins from there are counted apart from all others: strangers who guess from everywhere do not keep the owner out.
"""

import hashlib
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from user.client import Client
from user.models import FamiliarNetwork, User
from user.throttle import network_of

FAMILIAR_FOR = timedelta(days=90)
"""Since the last login from there."""
_NOBODY = UUID(int=0)


async def is_familiar(session: AsyncSession, user: User | None, client: Client) -> bool:
    """Whether the owner has come from there before; for no account it takes as long, and is false."""
    user_id = user.id if user else _NOBODY
    known = exists().where(
        FamiliarNetwork.user_id == user_id,
        FamiliarNetwork.network == _hash(user_id, client),
        FamiliarNetwork.expires_at > func.now(),
    )
    return bool(await session.scalar(select(known)))


async def remember_network(session: AsyncSession, user_id: UUID, client: Client) -> None:
    """Remember from where the owner has come: with the password, or with a token from a mail."""
    row = {"user_id": user_id, "network": _hash(user_id, client), "expires_at": func.now() + FAMILIAR_FOR}
    key = [FamiliarNetwork.user_id, FamiliarNetwork.network]
    statement = insert(FamiliarNetwork).values(row)
    await session.execute(statement.on_conflict_do_update(index_elements=key, set_={"expires_at": row["expires_at"]}))


async def delete_networks(session: AsyncSession, user_id: UUID) -> None:
    """Forget from where an account's owner has come."""
    await session.execute(delete(FamiliarNetwork).where(FamiliarNetwork.user_id == user_id))


def _hash(user_id: UUID, client: Client) -> bytes:
    return hashlib.sha256(f"{user_id}\0{network_of(client)}".encode()).digest()
