"""Stock ledger and reservations."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0aa5880d63d2"
down_revision: str | None = "90f1ccf2825d"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go to this revision."""
    _create_reservations()
    _create_reservation_lines()
    _create_stock_movements()
    _extend_products()
    _begin_ledger()


def _create_reservations() -> None:
    op.create_table(
        "reservations",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('reserved', 'committed', 'released', 'expired', 'fulfilled')",
            name=op.f("ck_reservations_state"),
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_reservations")),
    )
    op.create_index(
        "ix_reservations_expires_at",
        "reservations",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state = 'reserved'"),
    )


def _create_reservation_lines() -> None:
    op.create_table(
        "reservation_lines",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_reservation_lines_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["reservations.order_id"], name=op.f("fk_reservation_lines_order_id_reservations")
        ),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_reservation_lines_product_id_products")),
        sa.PrimaryKeyConstraint("order_id", "product_id", name=op.f("pk_reservation_lines")),
    )


def _create_stock_movements() -> None:
    op.create_table(
        "stock_movements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("actor", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "CASE WHEN kind = 'adjustment' THEN order_id IS NULL"
            " WHEN kind = 'initial' THEN order_id IS NULL AND quantity > 0"
            " WHEN kind = 'reservation' THEN order_id IS NOT NULL AND quantity < 0"
            " WHEN kind IN ('release', 'expiry', 'return') THEN order_id IS NOT NULL AND quantity > 0"
            " ELSE false END",
            name=op.f("ck_stock_movements_kind"),
        ),
        sa.CheckConstraint("quantity <> 0", name=op.f("ck_stock_movements_quantity_not_zero")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_stock_movements_product_id_products")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_movements")),
    )
    op.create_index("ix_stock_movements_product_id_id", "stock_movements", ["product_id", "id"], unique=False)
    op.create_index(
        "uq_stock_movements_order_id_product_id_direction",
        "stock_movements",
        ["order_id", "product_id", sa.literal_column("(quantity < 0)")],
        unique=True,
        postgresql_where=sa.text("order_id IS NOT NULL"),
    )


def _extend_products() -> None:
    op.add_column("products", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("products", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.alter_column("products", "stock", existing_type=sa.INTEGER(), type_=sa.BigInteger(), existing_nullable=False)
    op.create_index(
        "ix_products_name", "products", ["name", "id"], unique=False, postgresql_where=sa.text("deleted_at IS NULL")
    )
    op.create_index(
        "ix_products_name_words",
        "products",
        [sa.literal_column("to_tsvector('simple'::regconfig, name)")],
        unique=False,
        postgresql_using="gin",
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "ix_products_price",
        "products",
        ["price_minor", "id"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def _begin_ledger() -> None:
    # What is there begins the ledger. The id is the product's: unique among movements, and of the time it was made.
    op.execute(
        "INSERT INTO stock_movements (id, product_id, quantity, kind, at)"
        " SELECT id, id, stock, 'initial', created_at FROM products WHERE stock > 0"
    )


def downgrade() -> None:
    """Go back to the revision before."""
    # ### commands auto generated by Alembic - please adjust! ###
    op.drop_index(
        "uq_stock_movements_order_id_product_id_direction",
        table_name="stock_movements",
        postgresql_where=sa.text("order_id IS NOT NULL"),
    )
    op.drop_index("ix_stock_movements_product_id_id", table_name="stock_movements")
    op.drop_table("stock_movements")
    op.drop_table("reservation_lines")
    op.drop_index(
        "ix_reservations_expires_at", table_name="reservations", postgresql_where=sa.text("state = 'reserved'")
    )
    op.drop_table("reservations")
    op.drop_index("ix_products_price", table_name="products", postgresql_where=sa.text("deleted_at IS NULL"))
    op.drop_index(
        "ix_products_name_words",
        table_name="products",
        postgresql_using="gin",
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index("ix_products_name", table_name="products", postgresql_where=sa.text("deleted_at IS NULL"))
    op.alter_column("products", "stock", existing_type=sa.BigInteger(), type_=sa.INTEGER(), existing_nullable=False)
    op.execute("DELETE FROM products WHERE deleted_at IS NOT NULL")
    op.drop_column("products", "deleted_at")
    op.drop_column("products", "version")
    # ### end Alembic commands ###
