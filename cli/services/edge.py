"""The edge: which service gets a request, and which clients are slowed down."""

import re
from collections import Counter
from collections.abc import Iterator

from chassis.sealing.access import Mode
from cli.errors import CommandError
from cli.routes import PROBES, DeclaredRoute
from cli.services.discovery import DECLARATION, Service
from cli.services.project import Project
from cli.services.regions import Region
from cli.services.text import SERVICE_FILES, fill

NGINX = "deploy/nginx/nginx.conf"
DEVELOPMENT = "deploy/nginx/development.conf"
_PREFIX = re.compile(r"/api/v\d+/[^/{]+")
_INDENT = " " * 8
_SERVER = """\
    server { listen @port; location / { set $service @host:@port; proxy_pass http://$service; } }
"""


def render_edge(project: Project) -> Iterator[Region]:
    """
    Yield the regions of nginx.conf and development.conf: what comes from outside goes to its service, or to the front.

    Raises:
        CommandError: Two services have the same path, or a service limits a path that it does not serve.
    """
    opened = _opened(project)
    for part in project.parts:
        _check_limits(part.service, {route.path for route in part.routes if is_for_outside(route)})
    lines = [
        'default "";',
        '# Routes with the policy "service" (bin/cli routes): sealed, between services, never from outside.',
        *(f'{_pattern(path, "/?$")} "";' for path in closed_paths(project)),
        "# The other routes.",
        *(f"{_target(place)} {_address(project.front or service)};" for place, service in opened.items()),
    ]
    yield Region(NGINX, "paths", "the routes of the services", _block(lines))
    limited = (path for service in project.services for path in service.limited_paths)
    yield Region(NGINX, "limits", SERVICE_FILES, _block(f"{path} $binary_remote_addr;" for path in limited))
    servers = (fill(_SERVER, host=service.host, port=service.port) for service in project.services)
    yield Region(DEVELOPMENT, "services", SERVICE_FILES, "".join(servers))


def _address(service: Service) -> str:
    return f"{service.host}$domain:{service.port}"


def _opened(project: Project) -> dict[str, Service]:
    """
    Return the service of each place that is open to the outside; one that fronts it is not considered.

    Raises:
        CommandError: Two services have the same place.
    """
    opened = dict[str, Service]()
    for part in project.parts:
        for place in dict.fromkeys(_place(route) for route in part.routes if is_for_outside(route)):
            if (other := opened.setdefault(place, part.service)) != part.service:
                raise CommandError(
                    f"{part.service.name} and {other.name} both serve {place} to the outside, but a path leads to one "
                    "service. Give one of them another path."
                )
    return opened


def closed_paths(project: Project) -> list[str]:
    """Return the paths of routes between services at places that are open to the outside."""
    opened = _opened(project)
    inside = (route for part in project.parts for route in part.routes if route.policy.access.mode is Mode.SERVICE)
    return list(dict.fromkeys(route.path for route in inside if _place(route) in opened))


def is_for_outside(route: DeclaredRoute) -> bool:
    """Whether people and trusted programs may use the route from outside; probes and metrics are for the inside."""
    return route.policy.access.mode is not Mode.SERVICE and route.path not in PROBES


def _place(route: DeclaredRoute) -> str:
    """Return the prefix of the route's resource, as in ``/api/v1/users``; its path if it has another form."""
    found = _PREFIX.match(route.path)
    return found[0] if found else route.path


def _target(place: str) -> str:
    if _PREFIX.fullmatch(place):
        return _pattern(place, "(/|$)")
    return _pattern(place, "$") if "{" in place else place


def _pattern(path: str, end: str) -> str:
    parts = (re.escape(part) for part in re.split(r"\{\w+(?::\w+)?\}", path))
    return "~^" + "[^/]+".join(parts).replace("\\-", "-") + end


def _check_limits(service: Service, paths: set[str]) -> None:
    limited = [path for one in service.limits.values() for path in one]
    if unknown := ", ".join(path for path in limited if path not in paths):
        raise CommandError(f"{service.name}/{DECLARATION}: limits has {unknown}, which is no path for the outside.")
    if twice := ", ".join(path for path, count in Counter(limited).items() if count > 1):
        raise CommandError(f"{service.name}/{DECLARATION}: limits has {twice} twice.")


def _block(lines: "Iterator[str] | list[str]") -> str:
    return "".join(f"{_INDENT}{line}\n" for line in lines)
