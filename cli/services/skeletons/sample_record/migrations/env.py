"""Alembic's entry point."""

from chassis.postgres.migrations import run
from sample_record.models import Base

run(Base.metadata, "SAMPLE_RECORD_DATABASE_URL")
