"""Add the order saga."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "c4b7cff9b4f0"
down_revision: str | None = "91eb8cb2d46f"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CHECKS = {
    "status": "status IN ('pending', 'confirmed', 'fulfilled', 'cancelled', 'rejected', 'expired')",
    "step": "step IN ('reserve', 'commit')",
    "pending_has_step": "(status = 'pending') = (step IS NOT NULL)",
    "step_has_time": "(step IS NULL) = (resume_at IS NULL)",
    "total_has_currency": "(currency IS NULL) = (total_price_minor IS NULL)",
    "total_when_reserved": "total_price_minor IS NOT NULL"
    " OR (step IS DISTINCT FROM 'commit' AND status NOT IN ('confirmed', 'fulfilled'))",
}


def upgrade() -> None:
    """Go to this revision."""
    _create_tables()
    _move_orders()
    _change_orders()


def downgrade() -> None:
    """Go back to the revision before. Orders that the older form cannot hold are lost."""
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_orders_{name}"), "orders")
    _move_orders_back()
    _change_orders_back()
    op.drop_table("order_transitions")
    op.drop_table("order_lines")


def _create_tables() -> None:
    op.create_table(
        "order_lines",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("unit_price_minor", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_lines_quantity_positive")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_lines_order_id_orders")),
        sa.PrimaryKeyConstraint("order_id", "position", name=op.f("pk_order_lines")),
    )
    op.create_index("uq_order_lines_product", "order_lines", ["order_id", "product_id"], unique=True)
    op.create_table(
        "order_transitions",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("cause", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_transitions_order_id_orders")),
        sa.PrimaryKeyConstraint("order_id", "status", name=op.f("pk_order_transitions")),
    )


def _move_orders() -> None:
    """What was ordered before has one line, and took no stock."""
    op.execute("INSERT INTO order_lines SELECT id, 0, product_id, quantity, NULL, unit_price_minor FROM orders")
    op.execute("INSERT INTO order_transitions SELECT id, 'confirmed', 'placed', created_at FROM orders")


def _change_orders() -> None:
    op.add_column("orders", sa.Column("cause", sa.String(length=32), nullable=False, server_default="placed"))
    op.alter_column("orders", "cause", server_default=None)
    op.add_column("orders", sa.Column("step", sa.String(length=16), nullable=True))
    op.add_column("orders", sa.Column("resume_at", sa.DateTime(timezone=True), nullable=True))
    op.alter_column("orders", "currency", existing_type=sa.VARCHAR(length=3), nullable=True)
    op.alter_column("orders", "total_price_minor", existing_type=sa.BIGINT(), nullable=True)
    op.create_index(
        "ix_orders_resume_at", "orders", ["resume_at"], unique=False, postgresql_where=sa.text("status = 'pending'")
    )
    for name in ("unit_price_minor", "quantity", "product_id"):
        op.drop_column("orders", name)
    op.drop_constraint(op.f("ck_orders_status"), "orders")
    for name, condition in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_orders_{name}"), "orders", condition)


def _move_orders_back() -> None:
    op.execute(
        "CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT order_id, min(product_id::text)::uuid AS product_id,"
        " min(quantity) AS quantity, min(unit_price_minor) AS unit_price_minor FROM order_lines"
        " JOIN orders ON id = order_id WHERE status = 'confirmed' GROUP BY order_id HAVING count(*) = 1"
    )
    op.execute("DELETE FROM order_transitions")
    op.execute("DELETE FROM order_lines")
    op.execute("DELETE FROM orders WHERE id NOT IN (SELECT order_id FROM kept)")
    for name, kind in {"product_id": sa.Uuid(), "quantity": sa.Integer(), "unit_price_minor": sa.BigInteger()}.items():
        op.add_column("orders", sa.Column(name, kind))
        op.execute(f"UPDATE orders SET {name} = kept.{name} FROM kept WHERE order_id = id")  # noqa: S608 - our names
        op.alter_column("orders", name, nullable=False)


def _change_orders_back() -> None:
    op.create_check_constraint(op.f("ck_orders_status"), "orders", "status IN ('confirmed')")
    op.create_check_constraint(op.f("ck_orders_quantity_positive"), "orders", "quantity > 0")
    op.create_check_constraint(
        op.f("ck_orders_total_is_quantity_times_price"), "orders", "total_price_minor = unit_price_minor * quantity"
    )
    op.drop_index("ix_orders_resume_at", table_name="orders", postgresql_where=sa.text("status = 'pending'"))
    op.alter_column("orders", "total_price_minor", existing_type=sa.BIGINT(), nullable=False)
    op.alter_column("orders", "currency", existing_type=sa.VARCHAR(length=3), nullable=False)
    for name in ("resume_at", "step", "cause"):
        op.drop_column("orders", name)
