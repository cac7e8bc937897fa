"""The front door: the routes of all services under one address."""
