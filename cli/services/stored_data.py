"""The development database of a service that is to be removed."""

from cli.dev.databases import reach
from cli.dev.environment import given_environment
from cli.services.discovery import Service

_HOUSEKEEPING = {"alembic_version", "sealed_requests", "idempotency_keys", "inbox"}
"""Tables of the chassis; their rows are worth nothing without those of the service."""


def data_in_the_way(service: Service, *, drop_data: bool) -> list[str]:
    """Return why the database of a service cannot be deleted."""
    if not service.store:
        return []
    if given_environment().get(service.store_variable):
        own = f"its database is your own ({service.store_variable} is set)"
        return [f"{own}: delete it there, and remove the variable from .env and the environment."]
    if drop_data:
        return []
    with reach(service) as server:
        filled = sorted(set(server.filled_tables(service.database)) - _HOUSEKEEPING) if server else []
    if not filled:
        return []
    return [f"its development database has rows in {', '.join(filled)}. `--drop-data` deletes them."]


def drop_data_of(service: Service) -> bool:
    """Delete the development database of a service, and its users; returns whether there is development data at all."""
    with reach(service) as server:
        if server:
            server.drop_database(service.database)
            for role in {service.database, service.owner}:
                server.drop_user(role)
    return server is not None
