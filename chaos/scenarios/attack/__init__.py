"""Attacks a service and the edge, within bounds, and measures what somebody else notices: ``make attack``."""
