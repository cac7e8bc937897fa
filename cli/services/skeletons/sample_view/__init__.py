"""The sample view service: a person's account in one answer, made of calls to other services."""
