"""Giving accounts of older versions the looks of their names."""

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
    Give the oldest accounts without looks those of their names; returns how many have got some.

    One that looks like an account that has its look already keeps its name, and gets a look that no name has.
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
    """Find which of these looks accounts have, by the place in the pair."""
    columns = (User.username_look, User.username_folded_look)
    return {
        (place, look)
        for place, column in enumerate(columns)
        for look in await session.scalars(select(column).where(column.in_([pair[place] for pair in looks])))
    }
