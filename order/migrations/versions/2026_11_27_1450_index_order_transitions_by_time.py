"""Index transitions of orders by time, for those who follow orders."""

from collections.abc import Sequence

from alembic import op

revision: str = "c81f5a0e9d27"
down_revision: str | None = "a6c3e19b7d52"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision; on a large table the index may have been made before (docs/operations.md)."""
    op.create_index("ix_order_transitions_at", "order_transitions", ["at"], if_not_exists=True)


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_index("ix_order_transitions_at", table_name="order_transitions")
