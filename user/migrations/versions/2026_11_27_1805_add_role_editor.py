"""Add role editor."""

from collections.abc import Sequence

from alembic import op

revision: str = "a94d27c05e1b"
down_revision: str | None = "7c1e52a9d0b4"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_CHECK = op.f("ck_users_role")


def upgrade() -> None:
    """Go to this revision."""
    op.drop_constraint(_CHECK, "users")
    op.create_check_constraint(_CHECK, "users", "role IN ('user', 'analyst', 'editor', 'admin')")


def downgrade() -> None:
    """Go back to the revision before; editors lose what only they may do."""
    op.drop_constraint(_CHECK, "users")
    op.execute("UPDATE users SET role = 'user' WHERE role = 'editor'")
    op.create_check_constraint(_CHECK, "users", "role IN ('user', 'analyst', 'admin')")
