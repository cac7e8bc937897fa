import re
from pathlib import Path

from fastapi import FastAPI

from cli.routes import DeclaredRoute, declared_routes
from cli.services import SERVICES

NGINX = Path(__file__).parents[2] / "deploy/nginx/nginx.conf"
LINE = re.compile(r"~(\^\S+)\s+(\S+);")


def destination(path: str) -> str:
    """Return where the edge sends a path, by the first line of its map that matches; empty: nowhere."""
    lines = re.search(r"map \$uri \$service \{(.*?)\n    \}", NGINX.read_text(), re.DOTALL)
    assert lines
    matches = (target.strip('"') for pattern, target in LINE.findall(lines[1]) if re.search(pattern, path))
    return next(matches, "")


def path_of(route: DeclaredRoute) -> str:
    """Return an address of the route."""
    return re.sub(r"\{\w+\}", "0197a6b2-0000-7000-8000-000000000000", route.path)


def is_for_outside(route: DeclaredRoute) -> bool:
    """Return whether people and trusted programs may use the route from outside."""
    return route.policy.access.mode != "service" and route.path.startswith(
        ("/api/", "/v1/", "/.well-known/", "/dashboard")
    )


async def test_the_edge_passes_every_route_to_its_service_and_blocks_those_of_mode_service(
    apps: dict[str, FastAPI],
) -> None:
    """`bin/cli routes` and the map in nginx.conf agree; probes, metrics and docs are not reachable from outside."""
    addresses = {service.name: f"{service.name}-service$domain:{service.port}" for service in SERVICES}
    routes = declared_routes(apps)
    expected = {path_of(one): addresses[one.service] if is_for_outside(one) else "" for one in routes}

    assert {path: destination(path) for path in expected} == expected
    assert [
        path for path in ("/", "/docs", "/openapi.json", "/api/v1/usersx", "/api/v2/users") if destination(path)
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


def test_what_is_dear_is_slowed_down() -> None:
    """Routes that hash a password or send a mail are limited by address; refreshing and reading are not."""
    (pattern,) = re.findall(r"~(\^\S+) \$binary_remote_addr;", NGINX.read_text())
    paths = (
        "login",
        "register",
        "password",
        "password-reset/confirm",
        "email-verification",
        "refresh",
        "profile",
        "passwordx",
    )

    assert [path for path in paths if re.search(pattern, f"/api/v1/users/{path}")] == list(paths[:5])
    sessions = ("/dashboard/session", "/dashboard/session/refresh", "/dashboard")
    assert [path for path in sessions if re.search(pattern, path)] == ["/dashboard/session"]
