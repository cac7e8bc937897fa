"""Purge reservations, and defer events."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "b83f60d7e21c"
down_revision: str | None = "c41f7a3d9e06"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision; indexes of large tables may have been made before (docs/operations.md)."""
    _create_index(
        "ix_reservations_closed", "reservations", ["expires_at"], "state IN ('released', 'expired', 'fulfilled')"
    )
    # Not validated: every row has satisfied the constraint before, and a scan would hold up whoever reserves.
    _replace_foreign_key("ON DELETE CASCADE NOT VALID")
    op.add_column("outbox", sa.Column("deferred_since", sa.DateTime(timezone=True), nullable=True))
    _create_index("ix_outbox_oldest", "outbox", ["listener", "position"], "dead_at IS NULL")
    _create_index("ix_outbox_dead", "outbox", ["listener", "position"], "dead_at IS NOT NULL")


def _create_index(name: str, table: str, columns: list[str], where: str | None = None) -> None:
    condition = sa.text(where) if where else None
    op.create_index(name, table, columns, postgresql_where=condition, if_not_exists=True)


def _replace_foreign_key(options: str) -> None:
    name = op.f("fk_reservation_lines_order_id_reservations")
    op.drop_constraint(name, "reservation_lines")
    op.execute(
        f"ALTER TABLE reservation_lines ADD CONSTRAINT {name}"
        f" FOREIGN KEY (order_id) REFERENCES reservations (order_id) {options}"
    )


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_index("ix_outbox_dead", table_name="outbox")
    op.drop_index("ix_outbox_oldest", table_name="outbox")
    op.drop_column("outbox", "deferred_since")
    _replace_foreign_key("NOT VALID")
    op.drop_index("ix_reservations_closed", table_name="reservations")
