"""
Bound the stock, together with what orders hold of it.

Fails if some stock is beyond the bound already: take the surplus out by an adjustment first.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "c41f7a3d9e06"
down_revision: str | None = "6e50c386efba"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_COUNT_HELD = """
    UPDATE products SET held = open.quantity
    FROM (
        SELECT product_id, sum(quantity) AS quantity
        FROM reservation_lines JOIN reservations USING (order_id)
        WHERE state IN ('reserved', 'committed') GROUP BY product_id
    ) AS open
    WHERE id = open.product_id
"""


def upgrade() -> None:
    """Go to this revision. Until all processes are of this version, what older ones reserve is not counted as held."""
    op.add_column("products", sa.Column("held", sa.BigInteger(), server_default="0", nullable=False))
    op.execute(_COUNT_HELD)
    op.create_check_constraint(op.f("ck_products_stock_within_bound"), "products", "stock + held <= 1000000000")


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_constraint(op.f("ck_products_stock_within_bound"), "products")
    op.drop_column("products", "held")
