"""Index what is purged and listed, and defer events."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "7c1e52a9d0b4"
down_revision: str | None = "b7d41c0a9e52"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision; indexes of large tables may have been made before (docs/operations.md)."""
    _create_index("ix_users_role_id", "users", ["role", "id"], "deleted_at IS NULL")
    _create_index("ix_users_inactive", "users", ["id"], "is_active IS false AND deleted_at IS NULL")
    _create_index("ix_refresh_tokens_used_at", "refresh_tokens", ["used_at"], "used_at IS NOT NULL")
    _create_index("ix_audit_entries_at", "audit_entries", ["at"])
    _create_index(
        "ix_audit_entries_actor_id", "audit_entries", ["actor_id"], "address IS NOT NULL OR user_agent IS NOT NULL"
    )
    _create_index(
        "ix_audit_entries_own",
        "audit_entries",
        ["user_id"],
        "actor_id IS NULL AND (address IS NOT NULL OR user_agent IS NOT NULL)",
    )
    op.create_table(
        "audit_erasures",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_audit_erasures")),
    )
    op.create_index(op.f("ix_audit_erasures_asked_at"), "audit_erasures", ["asked_at"])
    op.add_column("outbox", sa.Column("deferred_since", sa.DateTime(timezone=True), nullable=True))
    _create_index("ix_outbox_oldest", "outbox", ["listener", "position"], "dead_at IS NULL")
    _create_index("ix_outbox_dead", "outbox", ["listener", "position"], "dead_at IS NOT NULL")


def _create_index(name: str, table: str, columns: list[str], where: str | None = None) -> None:
    condition = sa.text(where) if where else None
    op.create_index(name, table, columns, postgresql_where=condition, if_not_exists=True)


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_index("ix_outbox_dead", table_name="outbox")
    op.drop_index("ix_outbox_oldest", table_name="outbox")
    op.drop_column("outbox", "deferred_since")
    op.drop_table("audit_erasures")
    op.drop_index("ix_audit_entries_own", table_name="audit_entries")
    op.drop_index("ix_audit_entries_actor_id", table_name="audit_entries")
    op.drop_index("ix_audit_entries_at", table_name="audit_entries")
    op.drop_index("ix_refresh_tokens_used_at", table_name="refresh_tokens")
    op.drop_index("ix_users_inactive", table_name="users")
    op.drop_index("ix_users_role_id", table_name="users")
