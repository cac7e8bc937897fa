"""The order service: orders and their sagas."""
