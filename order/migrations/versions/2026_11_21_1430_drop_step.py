"""Drop step: a pending order reserves and commits, again if need be."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "e1a7d05c94b3"
down_revision: str | None = "6d3f0c1b7a52"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BEFORE = {
    "step": "step IN ('reserve', 'commit')",
    "pending_has_step": "(status = 'pending') = (step IS NOT NULL)",
    "step_has_time": "(step IS NULL) = (resume_at IS NULL)",
    "total_when_reserved": "total_price_minor IS NOT NULL"
    " OR (step IS DISTINCT FROM 'commit' AND status NOT IN ('confirmed', 'fulfilled'))",
}
AFTER = {
    "pending_has_time": "(status = 'pending') = (resume_at IS NOT NULL)",
    "total_when_confirmed": "total_price_minor IS NOT NULL OR status NOT IN ('confirmed', 'fulfilled')",
}


def upgrade() -> None:
    """Go to this revision."""
    for name in BEFORE:
        op.drop_constraint(op.f(f"ck_orders_{name}"), "orders")
    op.drop_column("orders", "step")
    for name, condition in AFTER.items():
        op.create_check_constraint(op.f(f"ck_orders_{name}"), "orders", condition)


def downgrade() -> None:
    """Go back to the revision before; what is pending begins at the first step, which does no harm."""
    for name in AFTER:
        op.drop_constraint(op.f(f"ck_orders_{name}"), "orders")
    op.add_column("orders", sa.Column("step", sa.String(length=16), nullable=True))
    op.execute("UPDATE orders SET step = 'reserve' WHERE status = 'pending'")
    for name, condition in BEFORE.items():
        op.create_check_constraint(op.f(f"ck_orders_{name}"), "orders", condition)
