import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from chassis.core.project import NAME
from cli.services import SERVICES

ROOT = Path(__file__).parents[2]
DEVELOPMENT, PRODUCTION = ROOT / "docker-compose.yml", ROOT / "docker-compose.prod.yml"


def load(file: Path) -> dict[str, Any]:
    """Return a compose file with its anchors resolved."""
    loaded: dict[str, Any] = yaml.safe_load(file.read_text())
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
            secret = re.compile(r"PASSWORD$|KEY|SECRET$|(DATABASE|MONGODB)_URL$")
            assert [name for name in service.get("environment", {}) if secret.search(name)] == []


def test_development_publishes_the_services_to_this_machine_alone() -> None:
    """Each service has its own port, at which its documentation is found; the code is mounted read-only."""
    services = load(DEVELOPMENT)["services"]

    for service in SERVICES:
        one = services[service.host]
        assert one["ports"] == [f"127.0.0.1:{service.port}:{service.port}"]
        assert json.loads(one["environment"]["DOCS_SERVICES"])[service.name] == f"http://127.0.0.1:{service.port}"
        assert {f"./{service.name}:/app/{service.name}:ro", "./chassis:/app/chassis:ro"} <= set(one["volumes"])


def test_each_container_ends_before_the_orchestrator_loses_patience() -> None:
    """stop_grace_period is longer than gunicorn's graceful timeout at the default drain."""
    for service in SERVICES:
        one = load(PRODUCTION)["services"][service.host]
        drain = int(re.sub(r"\D", "", one["environment"]["DRAIN_SECONDS"]))
        assert int(one["stop_grace_period"].removesuffix("s")) > drain + 34
