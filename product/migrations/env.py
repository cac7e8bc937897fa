"""Alembic's entry point."""

from chassis.migrations import run
from product.models import Base

run(Base.metadata, "PRODUCT_DATABASE_URL")
