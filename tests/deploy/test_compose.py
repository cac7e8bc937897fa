import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.types import Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from chassis.core.project import NAME
from chassis.settings import ServiceSettings
from cli.links import token_issuer
from cli.services import SERVICES, find_service
from cli.services.discovery import front_of

ROOT = Path(__file__).parents[2]
DEVELOPMENT, PRODUCTION = ROOT / "docker-compose.yml", ROOT / "docker-compose.prod.yml"
FIXED = {"environment", "production", "log_dir", "cursor_key", "link_key", "docs_services", "replicas"}
"""Settings that the compose files decide themselves, or that are files of secrets."""
OF_ONE_FILE = {
    DEVELOPMENT: {"web_concurrency"},
    PRODUCTION: {"encryption_mode", "otel_exporter_otlp_headers", "sentry_dsn"},
}
"""uvicorn reloads one process; in production sealing is strict, and the other two are secrets."""


@cache
def load(file: Path) -> dict[str, Any]:
    """Return a compose file with its anchors resolved."""
    loaded: dict[str, Any] = yaml.load(file.read_text(), yaml.CSafeLoader)
    return loaded


@pytest.mark.parametrize("file", [DEVELOPMENT, PRODUCTION], ids=lambda file: file.name)
def test_each_service_is_built_as_what_it_is(file: Path) -> None:
    """Names and ports are those of the service.toml; there is no obsolete version key."""
    compose = load(file)

    assert "version" not in compose
    for service in SERVICES:
        args = compose["services"][service.host]["build"]["args"]
        assert args == {"SERVICE": service.name, "PORT": str(service.port)}


@pytest.mark.parametrize("file", [DEVELOPMENT, PRODUCTION], ids=lambda file: file.name)
def test_every_variable_is_demanded_or_has_a_default(file: Path) -> None:
    """A plain `${NAME}` would silently be empty."""
    assert re.findall(r"(?<!\$)\$\{\w+\}", file.read_text()) == []
    assert re.findall(r"(?<!\$)\$\w+", file.read_text()) == []


def test_in_production_only_the_edge_publishes_ports() -> None:
    """A fixed port of the host and --scale exclude each other."""
    services = load(PRODUCTION)["services"]

    assert [name for name, service in services.items() if service.get("ports")] == ["edge"]
    assert [name for name, service in services.items() if service.get("container_name")] == []


def test_in_production_the_edge_reaches_the_front_alone() -> None:
    """It has one network, which contains all services only if none of them fronts the others."""
    services = load(PRODUCTION)["services"]
    reached = {one.host for one in SERVICES if one.front} or {one.host for one in SERVICES}

    assert services["edge"]["networks"] == ["edge"]
    assert {name for name, service in services.items() if "edge" in service["networks"]} == {"edge", *reached}
    assert all({"services", "data"} <= set(services[one.host]["networks"]) for one in SERVICES)


@pytest.mark.parametrize("name", sorted(load(PRODUCTION)["services"]))
def test_in_production_every_container_is_confined(name: str) -> None:
    """Containers are read-only, without capabilities, limited, restarted, never root, and their logs are rotated."""
    service = load(PRODUCTION)["services"][name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"]
    assert {"cpus", "memory", "pids"} <= set(service["deploy"]["resources"]["limits"])
    assert service["logging"]["options"]["max-size"]
    assert service.get("user") or service["image"].startswith(f"{NAME}/")
    assert not service.get("privileged")


def test_no_secret_is_written_in_a_compose_file() -> None:
    """Secrets are read from files; an environment contains only their paths."""
    for file in (DEVELOPMENT, PRODUCTION):
        for service in load(file)["services"].values():
            secret = re.compile(r"PASSWORD$|KEY|SECRET$|(DATABASE|MONGODB|OWNER)_URL$")
            assert [name for name in service.get("environment", {}) if secret.search(name)] == []


def test_development_publishes_the_services_to_this_machine_alone() -> None:
    """Each service has its own port, with its documentation; tokens are issued at the one that people use."""
    services = load(DEVELOPMENT)["services"]
    people_use = front_of(SERVICES) or find_service(token_issuer())

    assert services["edge"]["ports"] == [f"127.0.0.1:{service.port}:{service.port}" for service in SERVICES]
    for service in SERVICES:
        one = services[service.host]
        assert json.loads(one["environment"]["DOCS_SERVICES"])[service.name] == f"http://127.0.0.1:{service.port}"
        assert one["environment"]["JWT_ISSUER"] == f"${{JWT_ISSUER:-http://127.0.0.1:{people_use.port}}}"
        assert {f"./{service.name}:/app/{service.name}:ro", "./chassis:/app/chassis:ro"} <= set(one["volumes"])


def test_in_development_every_service_can_have_replicas() -> None:
    """The edge alone publishes ports, and resolves a service's name at each request."""
    services = load(DEVELOPMENT)["services"]
    nginx = (ROOT / "deploy/nginx/development.conf").read_text()

    assert [name for name, service in services.items() if service.get("ports") or service.get("container_name")] == [
        "edge"
    ]
    for service in SERVICES:
        assert services[service.host]["depends_on"]["edge"] == {"condition": "service_started"}
        assert f"listen {service.port}; location / {{ set $service {service.host}:{service.port};" in nginx


def test_in_development_logs_are_files_and_in_colour() -> None:
    """The files of all replicas are in the project's folder."""
    for service in SERVICES:
        one = load(DEVELOPMENT)["services"][service.host]
        assert one["environment"]["LOG_DIR"] == "/app/logs"
        assert "./logs:/app/logs" in one["volumes"]
        assert one["environment"]["FORCE_COLOR"] == "${FORCE_COLOR-1}"


def test_the_image_of_the_development_jobs_is_built_once() -> None:
    """Each build has its own id; with the id of another build, `docker compose run` would recreate the databases."""
    jobs = [one for one in load(DEVELOPMENT)["services"].values() if one.get("image") == f"{NAME}-dev/jobs"]

    assert len(jobs) > 1
    assert len([job for job in jobs if "build" in job]) == 1
    assert {job["pull_policy"] for job in jobs} == {"never"}


@pytest.mark.parametrize("file", [DEVELOPMENT, PRODUCTION], ids=lambda file: file.name)
@pytest.mark.parametrize("setting", sorted({*ServiceSettings.model_fields} - FIXED))
def test_a_setting_in_the_env_file_has_its_effect(file: Path, setting: str) -> None:
    """Compose passes each variable of .env on to every service, unless it is named above."""
    variable = setting.upper()
    passed = [load(file)["services"][service.host]["environment"].get(variable, "") for service in SERVICES]

    assert all(f"${{{variable}" in value for value in passed) is (setting not in OF_ONE_FILE[file])


@pytest.mark.parametrize(
    ("file", "edge"), [(DEVELOPMENT, "development.conf"), (PRODUCTION, "nginx.conf")], ids=["development", "production"]
)
async def test_requests_have_the_address_of_the_person(file: Path, edge: str) -> None:
    """The edge replaces what a client claims by the address that it sees; services trust their network."""
    seen: list[Scope] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope)

    for service in SERVICES:
        trusted = load(file)["services"][service.host]["environment"]["FORWARDED_ALLOW_IPS"]
        headers = [(b"x-forwarded-for", b"203.0.113.7")]
        scope = {"type": "http", "scheme": "http", "client": ("172.18.0.5", 4711), "headers": headers}
        await ProxyHeadersMiddleware(app, trusted)(scope, None, None)  # type: ignore[arg-type]

    assert [scope["client"][0] for scope in seen] == ["203.0.113.7"] * len(SERVICES)
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in (ROOT / "deploy/nginx" / edge).read_text()


def test_each_container_ends_before_the_orchestrator_loses_patience() -> None:
    """stop_grace_period is longer than gunicorn's graceful timeout at the default drain."""
    for service in SERVICES:
        one = load(PRODUCTION)["services"][service.host]
        drain = int(re.sub(r"\D", "", one["environment"]["DRAIN_SECONDS"]))
        assert int(one["stop_grace_period"].removesuffix("s")) > drain + 34
