import re
from pathlib import Path

from fastapi import FastAPI

from cli.routes import DeclaredRoute, declared_routes
from cli.services import SERVICES
from cli.services.edge import is_for_outside

NGINX = Path(__file__).parents[2] / "deploy/nginx/nginx.conf"
LINE = re.compile(r"^ *([~/]\S+) +(\S+);$", re.MULTILINE)


def lines_of(variable: str) -> dict[str, str]:
    """Return a map of paths in nginx.conf: whole paths, and patterns after a ~."""
    block = re.search(rf"map \$uri \${variable} \{{(.*?)\n    \}}", NGINX.read_text(), re.DOTALL)
    assert block
    return dict(LINE.findall(block[1]))


def destination(path: str) -> str:
    """Return where the edge sends a path, as nginx finds it: a whole path, then the first pattern; empty: nowhere."""
    lines = lines_of("service")
    patterns = (target for key, target in lines.items() if key[0] == "~" and re.search(key[1:], path))
    return lines.get(path, next(patterns, "")).strip('"')


def path_of(route: DeclaredRoute) -> str:
    """Return an address of the route."""
    return re.sub(r"\{\w+\}", "0197a6b2-0000-7000-8000-000000000000", route.path)


async def test_the_edge_passes_every_route_on_and_blocks_those_of_mode_service(apps: dict[str, FastAPI]) -> None:
    """`bin/cli routes` and the map in nginx.conf agree; probes, metrics and docs are not reachable from outside."""
    front = next((service for service in SERVICES if service.front), None)
    serving = {service.name: front or service for service in SERVICES}
    addresses = {name: f"{one.host}$domain:{one.port}" for name, one in serving.items()}
    routes = declared_routes(apps)
    expected = {path_of(one): addresses[one.service] if is_for_outside(one) else "" for one in routes}

    assert {path: destination(path) for path in expected} == expected
    assert [
        path
        for path in ("/", "/docs", "/openapi.json", "/metrics", "/livez", "/events", "/api/v1/usersx", "/api/v2/users")
        if destination(path)
    ] == []


async def test_no_address_is_for_services_and_for_people(apps: dict[str, FastAPI]) -> None:
    """The edge decides by the path alone, so every method of it has one kind of caller."""
    inside = {path_of(one) for one in declared_routes(apps) if one.policy.access.mode == "service"}
    outside = {path_of(one) for one in declared_routes(apps) if one.policy.access.mode != "service"}

    assert not inside & outside


def test_what_cannot_be_repeated_is_not_repeated() -> None:
    """Nginx sends a POST to another replica only if it was never sent; no status leads to a repetition."""
    text = NGINX.read_text()

    assert re.findall(r"proxy_next_upstream ([^;]+);", text) == ["error timeout"]
    assert "proxy_pass http://$service;" in text


def test_a_client_cannot_claim_another_address() -> None:
    """The edge replaces X-Forwarded-For instead of adding to it, and sends no other header that names a client."""
    sent = dict(re.findall(r"proxy_set_header (\S+) ([^;]+);", NGINX.read_text()))

    assert sent["X-Forwarded-For"] == "$remote_addr"
    assert {sent[name] for name in ("Forwarded", "X-Real-IP")} == {'""'}


def test_expensive_routes_are_limited_by_address() -> None:
    """They are those that services name; refreshing a session, whose tokens cannot be guessed, is not."""
    limited = {path for service in SERVICES for path in service.limited_paths}

    assert lines_of("login_client") == dict.fromkeys(limited, "$binary_remote_addr")
    assert {"/api/v1/users/login", "/dashboard/session", "/api/v1/users/password-reset"} <= limited
    assert not {"/api/v1/users/refresh", "/dashboard/session/refresh"} & limited
