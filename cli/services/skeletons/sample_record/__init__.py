"""The sample record service: people's own sample records."""
