"""
Networks from which the owner of an account has logged in before.

Logins from there are counted separately, so guesses from other networks do not keep the owner out.
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
"""How long a network stays familiar after the last login from it."""
_NOBODY = UUID(int=0)


async def is_familiar(session: AsyncSession, user: User | None, client: Client) -> bool:
    """Whether the owner has logged in from this network before; takes the same time without an account."""
    user_id = user.id if user else _NOBODY
    known = exists().where(
        FamiliarNetwork.user_id == user_id,
        FamiliarNetwork.network == _hash(user_id, client),
        FamiliarNetwork.expires_at > func.now(),
    )
    return bool(await session.scalar(select(known)))


async def remember_network(session: AsyncSession, user_id: UUID, client: Client) -> None:
    """Record the network of an owner who proved the password, or used a token from a mail."""
    row = {"user_id": user_id, "network": _hash(user_id, client), "expires_at": func.now() + FAMILIAR_FOR}
    key = [FamiliarNetwork.user_id, FamiliarNetwork.network]
    statement = insert(FamiliarNetwork).values(row)
    await session.execute(statement.on_conflict_do_update(index_elements=key, set_={"expires_at": row["expires_at"]}))


async def delete_networks(session: AsyncSession, user_id: UUID) -> None:
    """Delete the familiar networks of an account."""
    await session.execute(delete(FamiliarNetwork).where(FamiliarNetwork.user_id == user_id))


def _hash(user_id: UUID, client: Client) -> bytes:
    return hashlib.sha256(f"{user_id}\0{network_of(client)}".encode()).digest()
