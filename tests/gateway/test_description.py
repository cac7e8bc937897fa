"""The merged OpenAPI description."""

import json
from typing import Any

from fastapi import FastAPI

from cli.routes import declared_routes
from cli.services import SERVICES
from cli.services.edge import is_for_outside
from tests.support.aliases import People


def described(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return path, method and description of each operation."""
    return [(path, method, one) for path, methods in document["paths"].items() for method, one in methods.items()]


async def test_it_has_every_route_that_people_use(apps: dict[str, FastAPI], people: People) -> None:
    """Those of the API of each service, and no route between services; each can be asked for here."""
    document = (await people["gateway"].get("/openapi.json")).json()
    behind = {service.name: apps[service.name] for service in SERVICES if not service.front}
    shown = {path for app in behind.values() for path in app.openapi()["paths"]}
    routes = {
        (one.path, one.method.lower())
        for one in declared_routes(behind)
        if is_for_outside(one) and one.path.startswith("/api/") and one.path in shown
    }

    operations = described(document)

    assert {(path, method) for path, method, _ in operations if path.startswith("/api/")} == routes
    ids = [one["operationId"] for _, _, one in operations]
    assert len(ids) == len(set(ids))
    assert {tag for *_, one in operations for tag in one["tags"]} == {tag["name"] for tag in document["tags"]}


async def test_it_is_about_people(people: People) -> None:
    """Seals and their refusals are not in it; the login is at this address."""
    text = (await people["gateway"].get("/openapi.json")).text
    document = json.loads(text)

    schemes = document["components"]["securitySchemes"]
    used = {name for *_, one in described(document) for way in one.get("security", []) for name in way}
    assert used <= schemes.keys()
    assert schemes["Login"]["flows"]["password"]["tokenUrl"] == "/api/v1/users/login"
    assert "Sealed" not in schemes
    assert "encryption_required" not in text
    assert "bad_envelope" not in text
