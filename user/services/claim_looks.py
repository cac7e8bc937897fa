"""Setting the looks of names for accounts of older versions."""

import hashlib

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from user.models import User
from user.names.usernames import folded_look_of, look_of

log = structlog.get_logger(__name__)

BATCH = 500


async def claim_looks(session: AsyncSession) -> int:
    """
    Set the looks of the oldest accounts without them; returns how many were set.

    If another account already has the look, the account keeps its name, and gets a look that no name has.
    """
    query = select(User).where(User.username_look.is_(None), User.deleted_at.is_(None)).order_by(User.id).limit(BATCH)
    users = (await session.scalars(query.with_for_update(skip_locked=True))).all()
    looks = [(look_of(user.username), folded_look_of(user.username)) for user in users]
    taken = await _taken(session, looks)
    for user, (look, folded_look) in zip(users, looks, strict=True):
        if taken.isdisjoint({(0, look), (1, folded_look)}):
            taken |= {(0, look), (1, folded_look)}
            user.username_look, user.username_folded_look = look, folded_look
        else:
            log.warning("username looks like an older account's", user_id=str(user.id))
            user.username_look = user.username_folded_look = hashlib.sha256(f"like another:{user.id}".encode()).digest()
    await session.flush()
    return len(users)


async def _taken(session: AsyncSession, looks: list[tuple[bytes, bytes]]) -> set[tuple[int, bytes | None]]:
    """Return which of these looks are taken, with their place in the pair."""
    columns = (User.username_look, User.username_folded_look)
    return {
        (place, look)
        for place, column in enumerate(columns)
        for look in await session.scalars(select(column).where(column.in_([pair[place] for pair in looks])))
    }
