"""Add why a line could not be had to the lines of rejected orders."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "7b90c2d1e4a8"
down_revision: str | None = "e1a7d05c94b3"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision; orders rejected before do not say for which line."""
    op.add_column("order_lines", sa.Column("refusal", sa.String(length=32), nullable=True))


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_column("order_lines", "refusal")
