"""Statuses that follow from a route's policy are documented without the service's help."""

from typing import Any

import pytest
from fastapi import FastAPI

from chassis.app import create_app
from chassis.core.errors import PROBLEM_JSON, NotFound, documented
from chassis.dependencies import ADMIN, PERSON, Dispatch
from chassis.sealing.access import encrypted, optional, public, service
from chassis.web.routing import service_router
from tests.chassis.tiny import TinySettings
from tests.sealing.messages import as_setting, make_keys
from tests.support.serving import NoDatabase

KEYS = make_keys("order", "tiny")
ALWAYS = {"200", "400", "408", "413", "414", "415", "431", "500", "503", "504", "422"}
router = service_router("things")


@router.get("/public", access=public())
async def read_public() -> None:
    """Plain."""


@router.get("/optional", access=optional(), responses=documented(NotFound))
async def read_optional() -> None:
    """Plain or sealed, with a refusal of its own."""


@router.get("/encrypted", access=encrypted())
async def read_encrypted() -> None:
    """Sealed."""


@router.get("/service", access=service("order"))
async def read_service() -> None:
    """Sealed by one."""


@router.get("/person", access=public(), auth=PERSON)
async def read_person() -> None:
    """Requires a person."""


@router.get("/admin", access=public(), auth=ADMIN)
async def read_admin() -> None:
    """Requires an admin."""


@router.get("/calls", access=public())
async def read_calls(_dispatcher: Dispatch) -> None:
    """Calls another service."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The description of a service with these routes."""
    return _app().openapi()


def _app() -> FastAPI:
    return create_app(TinySettings(link_key=as_setting(KEYS)), NoDatabase(), router)


@pytest.mark.parametrize(
    ("path", "besides"),
    [
        ("public", set()),
        ("optional", {"401", "404"}),
        ("encrypted", {"401"}),
        ("service", {"401"}),
        ("person", {"401"}),
        ("admin", {"401", "403"}),
        ("calls", {"502"}),
    ],
)
def test_a_policy_implies_statuses(document: dict[str, Any], path: str, besides: set[str]) -> None:
    """A route documents the statuses of its mode, its access and its calls; each error is a problem with its code."""
    responses = document["paths"][f"/api/v1/things/{path}"]["get"]["responses"]

    assert responses.keys() == ALWAYS | besides
    assert {kind for status in responses.keys() - {"200"} for kind in responses[status]["content"]} == {PROBLEM_JSON}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("public", "400", "encryption_unavailable"),
        ("public", "400", "invalid_encrypt_response"),
        ("service", "400", "encryption_required"),
        ("encrypted", "400", "encryption_required"),
        ("optional", "400", "invalid_inner_header"),
        ("optional", "401", "unauthenticated"),
        ("optional", "404", "not_found"),
        ("person", "401", "invalid_token"),
        ("public", "503", "overloaded"),
    ],
)
def test_a_code_has_an_example(document: dict[str, Any], path: str, status: str, code: str) -> None:
    """Each problem code has an example, since programs act by codes."""
    response = document["paths"][f"/api/v1/things/{path}"]["get"]["responses"][status]

    example = response["content"][PROBLEM_JSON]["examples"][code]["value"]
    assert (example["code"], str(example["status"])) == (code, status)


def test_probes_are_described(document: dict[str, Any]) -> None:
    """Probes refuse malformed requests, and document nothing of sealing."""
    always = {"200", "400", "408", "414", "431", "500"}
    assert document["paths"]["/livez"]["get"]["responses"].keys() == always
    assert document["paths"]["/readyz"]["get"]["responses"].keys() == always | {"503"}


def test_a_description_is_made_once() -> None:
    """The description is generated once."""
    app = _app()

    assert app.openapi() is app.openapi()
