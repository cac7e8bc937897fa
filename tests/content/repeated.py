"""Requests of the keyed routes of content."""

from tests.support.repeated import KeyedRoutes, Repeated

_PATH = "/api/v1/pages"
_PAGE = {"slug": "about-us", "title": "About us", "status": "PUBLISHED"}
KEYED_ROUTES = KeyedRoutes({f"POST {_PATH}": Repeated(_PATH, _PAGE, _PATH, {**_PAGE, "slug": "other"}, status=201)})
