from typing import Any

import pytest
from fastapi import FastAPI

from chassis.core.problems import PROBLEM_JSON, Problem
from cli.services import SERVICES

SERVICE_NAMES = [service.name for service in SERVICES]


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the operations of a document, by method and path."""
    return {
        f"{method} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def references(value: object) -> set[str]:
    """Return every $ref in a document."""
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("service", SERVICE_NAMES)
def test_every_route_documents_its_errors(apps: dict[str, FastAPI], service: str) -> None:
    """OpenAPI has an example of each error of each route, and each example is a problem of that status."""
    document = apps[service].openapi()
    routes = {name: one for name, one in operations(document).items() if "/api/" in name}

    assert routes
    for name, operation in routes.items():
        errors = {status: one for status, one in operation["responses"].items() if int(status) >= 400}
        assert errors.keys() >= {"422", "500", "503"}, name
        for status, shared in errors.items():
            error = (
                document["components"]["responses"][shared["$ref"].rpartition("/")[2]] if "$ref" in shared else shared
            )
            examples = error["content"][PROBLEM_JSON]["examples"]
            assert {Problem.model_validate(one["value"]).status for one in examples.values()} == {int(status)}, name
            assert {one["value"]["code"] for one in examples.values()} == examples.keys(), name


@pytest.mark.parametrize("service", SERVICE_NAMES)
def test_operation_ids_are_unique(apps: dict[str, FastAPI], service: str) -> None:
    """Generated clients get one function for each route."""
    ids = [operation["operationId"] for operation in operations(apps[service].openapi()).values()]

    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("service", SERVICE_NAMES)
def test_every_reference_of_the_documentation_leads_somewhere(apps: dict[str, FastAPI], service: str) -> None:
    """No $ref of an OpenAPI document dangles."""
    document = apps[service].openapi()

    components = {f"#/components/{kind}/{name}" for kind, named in document["components"].items() for name in named}
    assert references(document) <= components
