"""Ingestion under faults: events are sent, late and repeatedly, while the database's members and workers are killed."""
