"""Alembic's entry point."""

from chassis.postgres.migrations import run

run(None, "SAMPLE_ROW_OWNER_URL", schema="sample_row")
