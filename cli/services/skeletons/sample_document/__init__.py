"""The sample document service: people's own sample documents."""
