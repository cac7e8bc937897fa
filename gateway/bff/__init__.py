"""Answers for a front end, each composed of several services."""
