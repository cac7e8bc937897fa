"""
Tables that every service with PostgreSQL has besides its own; its first migration creates them.

A service has all of them, used or not: empty tables cost nothing, and its first keyed route, event or consumer is
declared where it is, without a migration that could be forgotten.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Constraint names that migrations can rely on; every service's metadata uses them."""

chassis_metadata = MetaData(naming_convention=NAMING)
"""The chassis's own tables, which every service's database has."""

sealed_requests = Table(
    "sealed_requests",
    chassis_metadata,
    Column("issuer", String(64), primary_key=True),
    Column("request_id", String(64), primary_key=True),
    Column("claimed_at", DateTime(timezone=True), nullable=False, server_default=func.now(), index=True),
)
"""The replay store (docs/protocol.md)."""

outbox = Table(
    "outbox",
    chassis_metadata,
    Column("position", BigInteger, Identity(), primary_key=True),
    Column("event_id", Uuid, nullable=False),
    Column("listener", String(64), nullable=False),
    Column("aggregate", String(200), nullable=False),
    Column("message", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("due_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("refusals", Integer, nullable=False, server_default=text("0")),
    Column("deferred_since", DateTime(timezone=True)),
    Column("dead_at", DateTime(timezone=True)),
    Column("last_error", Text),
    Index("ix_outbox_waiting", "listener", "aggregate", "position", postgresql_where=text("dead_at IS NULL")),
    Index("ix_outbox_due", "listener", "due_at", postgresql_where=text("dead_at IS NULL")),
    Index("ix_outbox_oldest", "listener", "position", postgresql_where=text("dead_at IS NULL")),
    Index("ix_outbox_dead", "listener", "position", postgresql_where=text("dead_at IS NOT NULL")),
)
"""
Events that a consumer has not acknowledged yet (chassis/messaging/outbox.py), one row for each consumer.

``due_at`` is when a relay may take the row: at once, or when the lease of the one that has it ends, or after a pause.
``deferred_since`` is when the consumer first answered that it does not know the type of the event.
"""

inbox = Table(
    "inbox",
    chassis_metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("received_at", DateTime(timezone=True), nullable=False, server_default=func.now(), index=True),
)
"""The ids of handled events (chassis/messaging/inbox.py), so that none is handled twice."""

idempotency_keys = Table(
    "idempotency_keys",
    chassis_metadata,
    Column("caller", String(80), primary_key=True),
    Column("operation", String(255), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("resource_id", Uuid),
    Column("status", SmallInteger),
    Column("headers", JSONB),
    Column("body", LargeBinary),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now(), index=True),
    CheckConstraint("num_nulls(status, headers, body) IN (0, 3)", name="answer_is_whole"),
)
"""Idempotency-Keys and the stored answers of their requests, once there is one (chassis/idempotency)."""
