"""Create sample records."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "90fe79a449a5"
down_revision: str | None = "5c0b4f1d7e21"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "sample_records",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("note", sa.String(length=5000), server_default="", nullable=False),
        sa.Column("archived", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample_records")),
    )
    op.create_index(
        op.f("ix_sample_records_user_id_archived_id"), "sample_records", ["user_id", "archived", "id"], unique=False
    )
    op.create_index(op.f("ix_sample_records_user_id_id"), "sample_records", ["user_id", "id"], unique=False)


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_index(op.f("ix_sample_records_user_id_id"), table_name="sample_records")
    op.drop_index(op.f("ix_sample_records_user_id_archived_id"), table_name="sample_records")
    op.drop_table("sample_records")
