"""Giving accounts of older versions the looks of their names."""

import hashlib

import structlog
from sqlalchemy import Exists, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from user.models import User
from user.usernames import folded_look_of, look_of

log = structlog.get_logger(__name__)

BATCH = 500


async def claim_looks(session: AsyncSession) -> int:
    """
    Give the oldest accounts without looks those of their names; returns how many have got some.

    One that looks like an account that has its look already keeps its name, and gets a look that no name has.
    """
    query = select(User).where(User.username_look.is_(None), User.deleted_at.is_(None)).order_by(User.id).limit(BATCH)
    users = (await session.scalars(query.with_for_update(skip_locked=True))).all()
    for user in users:
        looks = look_of(user.username), folded_look_of(user.username)
        if await session.scalar(select(_is_taken(user, *looks))):
            log.warning("username looks like an older account's", user_id=str(user.id))
            looks = (hashlib.sha256(f"like another:{user.id}".encode()).digest(),) * 2
        user.username_look, user.username_folded_look = looks
        await session.flush()
    return len(users)


def _is_taken(user: User, look: bytes, folded_look: bytes) -> Exists:
    other = aliased(User)
    alike = or_(other.username_look == look, other.username_folded_look == folded_look)
    return exists().where(alike, other.id != user.id)
