from fastapi import FastAPI

from chassis.application import application_of
from chassis.idempotency.dependency import KEYED
from chassis.messaging.event_batch import PATH
from chassis.postgres.database import Postgres
from chassis.web.routing import Route
from cli.services import SERVICES


def test_what_a_service_keeps_for_a_time_it_purges(apps: dict[str, FastAPI]) -> None:
    """Every service purges nonces; one with keyed routes purges keys, and one that consumes events their ids."""
    purged, stored = {}, {}
    for name, app in apps.items():
        store = application_of(app).store
        if isinstance(store, Postgres):
            routes = [route for route in app.routes if isinstance(route, Route)]
            purged[name] = {expiry.name for expiry in store.expiries}
            stored[name] = {"sealed_requests"}
            if any(route.policy.idempotency is KEYED for route in routes):
                stored[name].add("idempotency_keys")
            if any(route.path == PATH for route in routes):
                stored[name].add("inbox")

    assert purged.keys() == {service.name for service in SERVICES if service.store == "postgres"}
    shared = {"sealed_requests", "idempotency_keys", "inbox"}
    assert {name: tables & shared for name, tables in purged.items()} == stored
