"""Statuses that follow from a route's policy are documented without the service's help."""

from typing import Any, ClassVar

import pytest
from fastapi import FastAPI

from chassis.app import create_app
from chassis.core.errors import NotFound
from chassis.core.problems import PROBLEM_JSON, documented
from chassis.dependencies import ADMIN, ANYONE, PERSON, Authentication, Dispatch
from chassis.idempotency.kinds import REPEATABLE
from chassis.sealing.access import encrypted, optional, public, service
from chassis.web.routing import service_router
from tests.chassis.tiny import TinySettings
from tests.sealing.messages import as_setting, make_keys
from tests.support.serving import NoDatabase

KEYS = make_keys("order", "tiny")
PEER_OR_KEY = Authentication(
    "key", "a key", lambda: None, (), {"Key": {"type": "http", "scheme": "bearer"}}, or_sealed=True
)
ALWAYS = {"200", "400", "408", "413", "414", "415", "431", "500", "503", "504", "422"}
router = service_router("things", about="Things of all kinds.")


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


@router.get("/anyone", access=optional(), auth=ANYONE)
async def read_anyone() -> None:
    """Requires no person."""


@router.get("/admin", access=public(), auth=ADMIN)
async def read_admin() -> None:
    """Requires an admin."""


@router.get("/sealed-person", access=service("order"), auth=PERSON)
async def read_sealed_person() -> None:
    """For a person, sealed by one service."""


@router.post("/either", access=encrypted(or_authorization=True), auth=PEER_OR_KEY, idempotency=REPEATABLE)
async def take_either() -> None:
    """Sealed, or with a key."""


@router.post("/peer", access=optional(), auth=PEER_OR_KEY, idempotency=REPEATABLE)
async def take_from_peer() -> None:
    """With a key, or sealed."""


@router.get("/calls", access=public())
async def read_calls(_dispatcher: Dispatch) -> None:
    """Calls another service."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The description of a service with these routes."""
    return _app().openapi()


def _app(settings: type[TinySettings] = TinySettings, **given: Any) -> FastAPI:  # noqa: ANN401 - settings
    return create_app(settings(link_key=as_setting(KEYS), **given), NoDatabase(), router)


@pytest.mark.parametrize(
    ("path", "besides"),
    [
        ("public", set()),
        ("optional", {"401", "404"}),
        ("encrypted", {"401"}),
        ("service", {"401"}),
        ("person", {"401"}),
        ("anyone", {"401"}),
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


@pytest.mark.parametrize(
    ("method", "path", "ways"),
    [
        ("get", "public", []),
        ("get", "optional", []),
        ("get", "encrypted", [{"Sealed"}]),
        ("get", "service", [{"Sealed"}]),
        ("get", "person", [{"AccessToken"}]),
        ("get", "anyone", [{"AccessToken"}, set()]),
        ("get", "sealed-person", [{"Sealed", "AccessToken"}]),
        ("post", "either", [{"Sealed"}, {"Key"}]),
        ("post", "peer", [{"Key"}, {"Sealed"}]),
    ],
)
def test_a_policy_implies_security(document: dict[str, Any], method: str, path: str, ways: list[set[str]]) -> None:
    """OpenAPI names the alternatives of credentials; each scheme is defined, and no other."""
    assert [set(way) for way in document["paths"][f"/api/v1/things/{path}"][method]["security"]] == ways
    assert document["components"]["securitySchemes"].keys() == {"AccessToken", "Key", "Sealed"}


def test_every_tag_is_described(document: dict[str, Any]) -> None:
    """The tag of each operation is defined once, with a description."""
    used = {tag for path in document["paths"].values() for one in path.values() for tag in one["tags"]}

    assert {tag["name"]: bool(tag["description"]) for tag in document["tags"]} == dict.fromkeys(used, True)
    assert len(document["tags"]) == len(used)


class FollowerSettings(TinySettings):
    """The settings of a service that accepts the tokens of another."""

    tokens_from: ClassVar[str | None] = "user"


def test_the_addresses_of_services_are_used_by_their_documentation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an access token is enough a login is too, at the issuer; the other services are linked."""
    monkeypatch.delenv("DOCS_SERVICES", raising=False)
    services = {"tiny": "http://127.0.0.1:8003/", "user": "http://127.0.0.1:8002/"}
    document = _app(FollowerSettings, docs_services=services).openapi()
    paths = document["paths"]

    login = document["components"]["securitySchemes"]["Login"]["flows"]["password"]["tokenUrl"]
    assert login == "http://127.0.0.1:8002/api/v1/users/login"
    assert paths["/api/v1/things/person"]["get"]["security"] == [{"Login": []}, {"AccessToken": []}]
    sealed = paths["/api/v1/things/sealed-person"]["get"]["security"]
    assert sealed == [{"Sealed": [], "Login": []}, {"Sealed": [], "AccessToken": []}]
    assert paths["/api/v1/things/public"]["get"]["security"] == []
    assert "The other services: [user](http://127.0.0.1:8002/docs)." in document["info"]["description"]
