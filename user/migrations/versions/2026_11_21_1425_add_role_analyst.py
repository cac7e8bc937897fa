"""Add role analyst."""

from collections.abc import Sequence

from alembic import op

revision: str = "5d0c6f3b9a17"
down_revision: str | None = "09f831761eb1"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_CHECK = op.f("ck_users_role")


def upgrade() -> None:
    """Go to this revision."""
    op.drop_constraint(_CHECK, "users")
    op.create_check_constraint(_CHECK, "users", "role IN ('user', 'analyst', 'admin')")


def downgrade() -> None:
    """Go back to the revision before; analysts lose what only they may see."""
    op.drop_constraint(_CHECK, "users")
    op.execute("UPDATE users SET role = 'user' WHERE role = 'analyst'")
    op.create_check_constraint(_CHECK, "users", "role IN ('user', 'admin')")
