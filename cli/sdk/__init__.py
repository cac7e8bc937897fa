"""Clients for front ends, generated from the description of all services."""
