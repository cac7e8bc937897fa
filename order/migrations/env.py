"""Alembic's entry point."""

from chassis.postgres.migrations import run
from order.models import Base

run(Base.metadata, "ORDER_DATABASE_URL")
