"""Tables of the user service."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.core.types import new_id
from chassis.postgres.tables import NAMING

ROLES = ("user", "analyst", "editor", "admin")
_PREFIXES = "text_pattern_ops"
"""Lets an index serve LIKE 'ada%' with every collation of the database."""


class Base(DeclarativeBase):
    """The service's tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar = {datetime: DateTime(timezone=True), bytes: LargeBinary, dict[str, Any]: JSONB}


class User(Base):
    """
    An account. The ``*_key`` columns hold the normalised form, in which names and addresses are unique.

    The ``*_look`` columns keep names apart that look alike (user/names/usernames.py); ``claim_looks`` fills them for
    accounts of older versions. A deleted account stays as a row without personal data, because other records refer to
    its id.
    """

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint(f"role IN {ROLES}", name="role"),
        CheckConstraint("deleted_at IS NULL OR NOT is_active", name="deleted_is_inactive"),
        CheckConstraint("password_hash IS NOT NULL OR deleted_at IS NOT NULL", name="password_hash"),
        Index("ix_users_username_prefix", "username_key", postgresql_ops={"username_key": _PREFIXES}),
        Index("ix_users_email_prefix", "email_key", postgresql_ops={"email_key": _PREFIXES}),
        Index("ix_users_admins", "id", postgresql_where=text("role = 'admin'")),
        Index("ix_users_role_id", "role", "id", postgresql_where=text("deleted_at IS NULL")),
        Index("ix_users_inactive", "id", postgresql_where=text("is_active IS false AND deleted_at IS NULL")),
        Index("ix_users_without_look", "id", postgresql_where=text("username_look IS NULL AND deleted_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    username: Mapped[str] = mapped_column(String(64))
    username_key: Mapped[str] = mapped_column(String(256), unique=True)
    username_look: Mapped[bytes | None] = mapped_column(unique=True)
    username_folded_look: Mapped[bytes | None] = mapped_column(unique=True)
    email: Mapped[str] = mapped_column(String(320))
    email_key: Mapped[str] = mapped_column(String(1024), unique=True)
    email_verified_at: Mapped[datetime | None]
    password_hash: Mapped[str | None] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(16), server_default="user")
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    deleted_at: Mapped[datetime | None]


class UserCount(Base):
    """
    A part of the number of accounts that are not deleted; the number is the sum of all parts.

    A trigger on ``users`` maintains it, whatever writes. Each connection changes one of sixteen parts, so concurrent
    registrations seldom wait for each other.
    """

    __tablename__ = "user_counts"

    part: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    accounts: Mapped[int] = mapped_column(BigInteger)


class FamiliarNetwork(Base):
    """A network from which an account's owner has logged in or reset the password, stored as SHA-256 only."""

    __tablename__ = "familiar_networks"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    network: Mapped[bytes] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class UserSession(Base):
    """A login: a family of refresh tokens, one of which is valid at a time, and the access tokens that name it."""

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_revoked_at", "revoked_at", postgresql_where=text("revoked_at IS NOT NULL")),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]
    revoked_because: Mapped[str | None] = mapped_column(String(32))
    address: Mapped[str | None] = mapped_column(String(64))
    user_agent: Mapped[str | None] = mapped_column(String(256))


class RefreshToken(Base):
    """A refresh token, stored as SHA-256 only. A spent one is kept for a while so that its reuse is detected."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (
        CheckConstraint("(used_at IS NULL) = (salt IS NULL)", name="salt_when_used"),
        Index("ix_refresh_tokens_used_at", "used_at", postgresql_where=text("used_at IS NOT NULL")),
    )

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    used_at: Mapped[datetime | None]
    salt: Mapped[bytes | None]
    """Needed, together with the spent token itself, to compute its successor; useless alone."""


class EmailToken(Base):
    """A token that a mail carries: single use, stored as SHA-256 only; one per person and purpose."""

    __tablename__ = "email_tokens"
    __table_args__ = (CheckConstraint("purpose IN ('verify', 'reset')", name="purpose"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(16), primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    email: Mapped[str] = mapped_column(String(320))
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Throttle(Base):
    """The number of recent attempts, and the time before which no further one is allowed."""

    __tablename__ = "throttles"

    key: Mapped[bytes] = mapped_column(primary_key=True)
    """SHA-256 of the throttled key: names and addresses are not stored here."""
    attempts: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(index=True)
    blocked_until: Mapped[datetime]


_HAS_ORIGIN = "address IS NOT NULL OR user_agent IS NOT NULL"


class AuditEntry(Base):
    """A security event: actor, account, origin and time. It contains no secret and no name that was typed."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index(None, "user_id", "id"),
        Index(None, "kind", "id"),
        Index("ix_audit_entries_actor_id", "actor_id", postgresql_where=text(_HAS_ORIGIN)),
        Index("ix_audit_entries_own", "user_id", postgresql_where=text(f"actor_id IS NULL AND ({_HAS_ORIGIN})")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    actor_id: Mapped[UUID | None]
    user_id: Mapped[UUID | None]
    address: Mapped[str | None] = mapped_column(String(64))
    user_agent: Mapped[str | None] = mapped_column(String(256))
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


HAS_ORIGIN = text(f"({_HAS_ORIGIN})")
"""The entry has the actor's origin. Literally the condition of the indexes that erasures of actors' entries use."""


class AuditErasure(Base):
    """A deleted account whose origins are still in the audit log, because one request could not erase all of them."""

    __tablename__ = "audit_erasures"

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
