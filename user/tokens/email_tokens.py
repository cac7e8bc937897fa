"""Tokens in mails: stored when a mail is written, and spent by their first use."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from user.errors import InvalidEmailToken
from user.models import EmailToken
from user.tokens.opaque_tokens import new_token, token_hash


class Purpose(StrEnum):
    """The purpose of a token."""

    VERIFY = "verify"
    RESET = "reset"


LIFETIMES = {Purpose.VERIFY: timedelta(hours=24), Purpose.RESET: timedelta(minutes=30)}


@dataclass(frozen=True, slots=True)
class Proof:
    """What a token proves: its user reads the mail of this address, which is (or will be) this person's."""

    user_id: UUID
    email: str


async def issue_email_token(session: AsyncSession, user_id: UUID, purpose: Purpose, email: str) -> str:
    """Issue a token for one mail; an earlier one for the same purpose becomes invalid."""
    token = new_token()
    values = {"token_hash": token_hash(token), "email": email, "expires_at": func.now() + LIFETIMES[purpose]}
    statement = insert(EmailToken).values(user_id=user_id, purpose=purpose, **values)
    key = [EmailToken.user_id, EmailToken.purpose]
    await session.execute(statement.on_conflict_do_update(index_elements=key, set_=values))
    return token


async def check_email_token(session: AsyncSession, purpose: Purpose, token: str) -> Proof:
    """
    Check a token without spending it.

    Raises:
        InvalidEmailToken: It is unknown, used or expired (400).
    """
    columns = select(EmailToken.user_id, EmailToken.email)
    return _proof((await session.execute(columns.where(_is(purpose, token)))).one_or_none())


async def spend_email_token(session: AsyncSession, purpose: Purpose, token: str) -> Proof:
    """
    Spend a token, which cannot be used again.

    Raises:
        InvalidEmailToken: It is unknown, used or expired (400).
    """
    spent = delete(EmailToken).where(_is(purpose, token)).returning(EmailToken.user_id, EmailToken.email)
    return _proof((await session.execute(spent)).one_or_none())


async def delete_email_tokens(session: AsyncSession, user_id: UUID) -> None:
    """Invalidate every mail sent to a person: its reader may be the one who is being locked out."""
    await session.execute(delete(EmailToken).where(EmailToken.user_id == user_id))


def _is(purpose: Purpose, token: str) -> ColumnElement[bool]:
    return and_(
        EmailToken.token_hash == token_hash(token), EmailToken.purpose == purpose, EmailToken.expires_at > func.now()
    )


def _proof(row: tuple[UUID, str] | None) -> Proof:
    if row is None:
        raise InvalidEmailToken
    return Proof(*row)
