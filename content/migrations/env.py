"""Alembic's entry point."""

from chassis.postgres.migrations import run

run(None, "CONTENT_OWNER_URL", schema="content")
