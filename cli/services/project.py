"""What the rendered files say: the project's name and its services, with what their code declares."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.errors import CommandError
from cli.services.discovery import Service, discover, front_of

if TYPE_CHECKING:
    from fastapi import FastAPI

    from cli.routes import DeclaredRoute
    from cli.services.own_settings import Setting

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST_NAME = 40
"""A namespace of Kubernetes has 63 characters at most, and overlays add to the name."""


@dataclass(frozen=True, slots=True)
class Part:
    """A service and what its code declares."""

    service: Service
    about: str
    """A sentence."""
    peers: frozenset[str] = frozenset()
    """The services that it calls."""
    events: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The events that it publishes, by type, with their consumers."""
    settings: "tuple[Setting, ...]" = ()
    """Its settings beyond those of every service; without addresses."""
    routes: "tuple[DeclaredRoute, ...]" = ()
    openapi: Callable[[], Mapping[str, Any]] = dict
    """Returns its OpenAPI description."""

    @property
    def issues_tokens(self) -> bool:
        """Whether it signs the access tokens that all services take."""
        return any(setting.variable == "JWT_PRIVATE_KEY" for setting in self.settings)


@dataclass(frozen=True, slots=True)
class Project:
    """The project, its services sorted by their ports."""

    name: str
    description: str
    parts: tuple[Part, ...]

    @property
    def title(self) -> str:
        """The name for people."""
        return self.name.replace("-", " ").capitalize()

    @property
    def services(self) -> tuple[Service, ...]:
        """The services."""
        return tuple(part.service for part in self.parts)

    @property
    def front(self) -> Service | None:
        """The service that forwards to the others what comes from outside."""
        return front_of(self.services)

    @property
    def at_edge(self) -> tuple[Service, ...]:
        """The services that the edge reaches: the front alone, or all if there is none."""
        return (self.front,) if self.front else self.services

    def callers_of(self, service: Service) -> tuple[Service, ...]:
        """Return the services that call this one."""
        return tuple(part.service for part in self.parts if service.name in part.peers)

    def called_by(self, service: Service) -> tuple[Service, ...]:
        """Return the services that this one calls."""
        (peers,) = (part.peers for part in self.parts if part.service == service)
        return tuple(one for one in self.services if one.name in peers)


def read_project(root: Path, apps: "dict[str, FastAPI] | None" = None) -> Project:
    """
    Read the project below *root*, and the code of its services.

    Args:
        apps: The services that are built already, by name; otherwise they are built.

    Raises:
        CommandError: A declaration is wrong; the message says what to change.
    """
    from cli.build import build_all
    from cli.events import published_by
    from cli.links import settings_class
    from cli.routes import declared_routes
    from cli.services.own_settings import own_settings

    about = read_about(root)
    apps = apps or build_all()
    routes = declared_routes(apps)
    parts = list[Part]()
    for service in discover(root):
        settings = settings_class(service.name)
        if settings.service_name != service.name:
            raise CommandError(f"{service.name}/settings.py: service_name must be '{service.name}', as its folder.")
        parts.append(
            Part(
                service,
                settings.about,
                settings.peers,
                {event.type: tuple(event.consumers) for event in published_by(service.name)},
                own_settings(service, settings),
                tuple(route for route in routes if route.service == service.name),
                apps[service.name].openapi,
            )
        )
    names = frozenset(part.service.name for part in parts)
    # A service that fronts the others calls all of them; its settings may still name one that was removed.
    parts = [replace(part, peers=names - {part.service.name}) if part.service.front else part for part in parts]
    project = Project(about["name"], about["description"], tuple(parts))
    _check_peers(project)
    return project


def read_about(root: Path) -> Mapping[str, str]:
    """
    Return name and description in pyproject.toml.

    Raises:
        CommandError: The name cannot be used.
    """
    about: Mapping[str, str] = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    check_project_name(about["name"])
    return about


def check_project_name(name: str) -> None:
    """
    Check that images, a compose project and a namespace of Kubernetes may have this name.

    Raises:
        CommandError: They may not; the message has the reason.
    """
    if not _NAME.fullmatch(name):
        raise CommandError(f"'{name}' is not a name for a project: use lower-case words with hyphens, as in acme-shop.")
    if len(name) > _LONGEST_NAME:
        raise CommandError(f"'{name}' is not a name for a project: use {_LONGEST_NAME} characters at most.")


def _check_peers(project: Project) -> None:
    names = {service.name for service in project.services}
    for part in project.parts:
        if unknown := ", ".join(sorted(part.peers - names)):
            raise CommandError(
                f"{part.service.name} calls or publishes to {unknown}, which is no service here: "
                f"change {part.service.name}/calls.py or events.py."
            )
