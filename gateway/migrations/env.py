"""Alembic's entry point."""

from chassis.postgres.migrations import run
from gateway.models import Base

run(Base.metadata, "GATEWAY_DATABASE_URL")
