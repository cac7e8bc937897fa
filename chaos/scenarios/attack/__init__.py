"""Attacks a service and the edge, within bounds, and measures the effect on a bystander: ``make attack``."""
