"""Add looks of names, familiar networks and the number of users."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "b7d41c0a9e52"
down_revision: str | None = "5d0c6f3b9a17"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# For each statement, not for each row: a million rows of one statement would change one number a million times, each
# time past all its earlier versions.
_COUNT_USERS = """
CREATE FUNCTION count_users() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    change bigint := 0;
BEGIN
    IF TG_OP <> 'DELETE' THEN
        change := (SELECT count(*) FROM new_users WHERE deleted_at IS NULL);
    END IF;
    IF TG_OP <> 'INSERT' THEN
        change := change - (SELECT count(*) FROM old_users WHERE deleted_at IS NULL);
    END IF;
    IF change <> 0 THEN
        INSERT INTO user_counts AS kept (part, accounts) VALUES (pg_backend_pid() % 16, change)
        ON CONFLICT (part) DO UPDATE SET accounts = kept.accounts + excluded.accounts;
    END IF;
    RETURN NULL;
END $$
"""
_TRIGGERS = {
    "count_users_inserted": "AFTER INSERT ON users REFERENCING NEW TABLE AS new_users",
    "count_users_updated": "AFTER UPDATE ON users REFERENCING OLD TABLE AS old_users NEW TABLE AS new_users",
    "count_users_deleted": "AFTER DELETE ON users REFERENCING OLD TABLE AS old_users",
}


def upgrade() -> None:
    """Go to this revision."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    _add_looks()
    _create_familiar_networks()
    _create_user_counts()


def _add_looks() -> None:
    op.add_column("users", sa.Column("username_look", sa.LargeBinary(), nullable=True))
    op.add_column("users", sa.Column("username_folded_look", sa.LargeBinary(), nullable=True))
    op.create_unique_constraint(op.f("uq_users_username_look"), "users", ["username_look"])
    op.create_unique_constraint(op.f("uq_users_username_folded_look"), "users", ["username_folded_look"])
    op.create_index(
        "ix_users_without_look",
        "users",
        ["id"],
        unique=False,
        postgresql_where=sa.text("username_look IS NULL AND deleted_at IS NULL"),
        if_not_exists=True,
    )


def _create_familiar_networks() -> None:
    op.create_table(
        "familiar_networks",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("network", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_familiar_networks_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "network", name=op.f("pk_familiar_networks")),
    )
    op.create_index(op.f("ix_familiar_networks_expires_at"), "familiar_networks", ["expires_at"], unique=False)


def _create_user_counts() -> None:
    op.create_table(
        "user_counts",
        sa.Column("part", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("accounts", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("part", name=op.f("pk_user_counts")),
    )
    op.execute(_COUNT_USERS)
    for name, event in _TRIGGERS.items():  # they lock out all that write to users, so nobody is added while we count
        op.execute(f"CREATE TRIGGER {name} {event} FOR EACH STATEMENT EXECUTE FUNCTION count_users()")
    op.execute("INSERT INTO user_counts SELECT 0, count(*) FROM users WHERE deleted_at IS NULL")


def downgrade() -> None:
    """Go back to the revision before."""
    for name in _TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON users")
    op.execute("DROP FUNCTION count_users")
    op.drop_table("user_counts")
    op.drop_index(op.f("ix_familiar_networks_expires_at"), table_name="familiar_networks")
    op.drop_table("familiar_networks")
    op.drop_index("ix_users_without_look", table_name="users")
    op.drop_constraint(op.f("uq_users_username_folded_look"), "users", type_="unique")
    op.drop_constraint(op.f("uq_users_username_look"), "users", type_="unique")
    op.drop_column("users", "username_folded_look")
    op.drop_column("users", "username_look")
