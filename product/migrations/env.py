"""Alembic's entry point."""

from chassis.postgres.migrations import run
from product.models import Base

run(Base.metadata, "PRODUCT_DATABASE_URL")
