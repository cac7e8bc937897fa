"""Requests of the keyed routes of sample_record."""

from tests.support.repeated import KeyedRoutes, Repeated

_PATH = "/api/v1/sample-records"
KEYED_ROUTES = KeyedRoutes({f"POST {_PATH}": Repeated(_PATH, {"name": "First"}, _PATH, {"name": "Second"}, status=201)})
