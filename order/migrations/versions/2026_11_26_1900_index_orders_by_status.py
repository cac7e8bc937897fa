"""Index orders by status, and defer events."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "4f9a2d7c6b10"
down_revision: str | None = "7b90c2d1e4a8"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision; indexes of large tables may have been made before (docs/operations.md)."""
    _create_index("ix_orders_status_id", "orders", ["status", "id"])
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
    op.drop_index("ix_orders_status_id", table_name="orders")
