"""Alembic's entry point."""

from chassis.postgres.migrations import run
from user.models import Base

run(Base.metadata, "USER_DATABASE_URL")
