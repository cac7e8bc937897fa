"""The services of this project: they are found by their ``service.toml``, and what names them is rendered from it."""

from cli.services.discovery import FRONT, REFLECTED, SERVICES, STORED, Service, find_service

__all__ = ["FRONT", "REFLECTED", "SERVICES", "STORED", "Service", "find_service"]
