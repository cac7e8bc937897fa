"""Add the detail of a refusal to the lines of rejected orders."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "a6c3e19b7d52"
down_revision: str | None = "4f9a2d7c6b10"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision; lines of orders rejected before have only a code."""
    op.add_column("order_lines", sa.Column("refusal_detail", sa.String(length=200), nullable=True))


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_column("order_lines", "refusal_detail")
