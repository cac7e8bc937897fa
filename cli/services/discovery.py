"""
The services of this project: each folder with a ``service.toml``, which is the only registration.

In the image of a service, that one is all there is.
"""

import itertools
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cli.errors import CommandError

ROOT = Path(__file__).parents[2]
DECLARATION = "service.toml"

Kind = Literal["postgres", "mongodb", "reflected", "none"]
"""Its database: PostgreSQL, MongoDB, a PostgreSQL whose tables another team migrates (schema ``public``), or none."""

_NAME = re.compile(r"[a-z]+[0-9]*(_[a-z]+[0-9]*)*")
RESERVED = frozenset(
    {
        *("client", "edge", "postgres", "mongodb"),  # other parts of a deployment
        *("names", "metrics", "traces"),  # network policies
        *("bench", "bootstrap", "clients", "dev"),  # locks in requirements/
        *("chassis", "cli", "deploy", "tests", "benchmarks", "chaos", "docs", "bin", "requirements"),
    }
)
"""Names that a service cannot have, because something else in the project has them."""

LIMITED_BY_EDGE = ("login", "mail")
"""The classes of routes that check a password or send a mail."""

_POSTGRES = ("sqlalchemy[asyncio]", "asyncpg", "alembic")
_LIBRARIES: Mapping[Kind, tuple[str, ...]] = {
    "postgres": _POSTGRES,
    "mongodb": ("motor",),
    "reflected": _POSTGRES,
    "none": (),
}


@dataclass(frozen=True, slots=True)
class Service:
    """A service as an operator sees it."""

    name: str
    port: int
    kind: Kind
    own_libraries: tuple[str, ...] = ()
    """Its libraries beyond those of the chassis and of its database."""
    limits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Class of routes -> their paths; each class has a rate of its own in the service that fronts this one."""
    egress_ports: tuple[int, ...] = ()
    """Ports of hosts outside the deployment that it connects to."""
    dashboard: str | None = None
    """The path of its dashboard."""
    owns: tuple[str, ...] = ()
    """Paths and patterns of paths outside its folder that are about it, and are removed with it."""
    front: bool = False
    """Whether it forwards what people send to the other services: it gets their routes as files."""

    @property
    def limited_paths(self) -> tuple[str, ...]:
        """Paths that the edge limits to 5 requests a second by address, because they are expensive."""
        return tuple(path for limit in LIMITED_BY_EDGE for path in self.limits.get(limit, ()))

    @property
    def factory(self) -> str:
        """The factory that uvicorn and gunicorn start."""
        return f"{self.name}.main:build"

    @property
    def slug(self) -> str:
        """Its name where underscores are not allowed: in hosts, images and resources of Kubernetes."""
        return self.name.replace("_", "-")

    @property
    def host(self) -> str:
        """Its name in the network of a deployment."""
        return f"{self.slug}-service"

    @property
    def url_variable(self) -> str:
        """The environment variable in which its peers find its address."""
        return url_variable(self.name)

    @property
    def store(self) -> Literal["postgres", "mongodb", ""]:
        """The server of its database; empty if it has none."""
        if self.kind == "reflected":
            return "postgres"
        return "" if self.kind == "none" else self.kind

    @property
    def database(self) -> str:
        """The name of its database, and of the role as which it opens it."""
        return f"{self.name}_service" if self.kind == "postgres" else self.name

    @property
    def owner(self) -> str:
        """The role that owns the database and migrates it: the service's own, unless the tables are another team's."""
        return f"{self.name}_owner" if self.kind == "reflected" else self.database

    @property
    def own_schema(self) -> str | None:
        """The schema with the tables that are migrated here; None for the one that PostgreSQL creates tables in."""
        return self.name if self.kind == "reflected" else None

    @property
    def store_variable(self) -> str:
        """The environment variable with the address of its own database."""
        return f"{self.name.upper()}_{'MONGODB' if self.store == 'mongodb' else 'DATABASE'}_URL"

    @property
    def owner_variable(self) -> str:
        """The environment variable with the address for the owner; another one than its own is hidden from it."""
        return f"{self.name.upper()}_OWNER_URL" if self.kind == "reflected" else self.store_variable

    @property
    def migrator(self) -> str:
        """The folder of a deployment's secrets with the address that its migrations use: its own, or its owner's."""
        return self.owner if self.kind == "reflected" else self.name

    @property
    def libraries(self) -> tuple[str, ...]:
        """Its libraries beyond those of the chassis."""
        return (*_LIBRARIES[self.kind], *self.own_libraries)


def url_variable(name: str) -> str:
    """Return the environment variable with the address of the service of this name."""
    return f"{name.upper()}_SERVICE_URL"


_Requirement = Annotated[str, Field(pattern=r"^[A-Za-z0-9][^\s\"\\]*$")]
_Path = Annotated[str, Field(pattern=r"^/[A-Za-z0-9._~/-]*$")]
_Limit = Annotated[str, Field(pattern=r"^[a-z]+(_[a-z]+)*$")]
_Owned = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_-]*(/[A-Za-z0-9_*-][A-Za-z0-9_*.-]*)+$")]


class _Declaration(BaseModel):
    """The content of a ``service.toml``."""

    model_config = ConfigDict(extra="forbid", strict=True)

    port: Annotated[int, Field(ge=1024, le=65535)]
    database: Kind
    libraries: list[_Requirement] = []
    limits: dict[_Limit, list[_Path]] = {}
    egress_ports: list[Annotated[int, Field(ge=1, le=65535)]] = []
    dashboard: _Path | None = None
    owns: list[_Owned] = []
    front: bool = False


def discover(root: Path) -> tuple[Service, ...]:
    """
    Return the services in the folders of *root*, by their ports.

    Raises:
        CommandError: A declaration is wrong, or two services have the same port or are both the front; the message
            says what to change.
    """
    found = sorted((_read(file) for file in root.glob(f"*/{DECLARATION}")), key=lambda one: (one.port, one.name))
    problems = [
        f"{second.name}/{DECLARATION}: port {second.port} is the port of {first.name}. Choose another, such as "
        f"{found[-1].port + 1}."
        for first, second in itertools.pairwise(found)
        if first.port == second.port
    ]
    owners = {service.owner: service.name for service in found if service.kind == "reflected"}
    problems += [
        f"{service.name} is the name of the owner of the database of {owners[service.name]}. Choose another."
        for service in found
        if service.name in owners
    ]
    fronts = [service.name for service in found if service.front]
    if fronts[1:]:
        problems.append(f"{' and '.join(fronts)} both have front = true: what people send goes through one service.")
    if problems:
        raise CommandError("\n".join(problems))
    return tuple(found)


def front_of(services: Iterable[Service]) -> Service | None:
    """Return the service that forwards to the others what people send; None if there is none."""
    return next((service for service in services if service.front), None)


def check_name(name: str) -> None:
    """
    Check that a service may have this name.

    Raises:
        CommandError: It may not; the message has the reason.
    """
    if not _NAME.fullmatch(name):
        raise CommandError(f"'{name}' is not a name for a service: use lower-case words, as in gift_card.")
    if name in RESERVED:
        raise CommandError(f"'{name}' is not a name for a service: another part of the project has it.")


def find_service(name: str) -> Service:
    """
    Return the service of this name.

    Raises:
        CommandError: There is none.
    """
    for service in SERVICES:
        if service.name == name:
            return service
    names = ", ".join(service.name for service in SERVICES)
    raise CommandError(f"There is no service '{name}'. Use one of {names}.")


def _read(file: Path) -> Service:
    name, where = file.parent.name, f"{file.parent.name}/{file.name}"
    check_name(name)
    try:
        declared = _Declaration.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CommandError(f"{where} is not TOML: {error}.") from None
    except ValidationError as error:
        problems = (_sentence(where, one) for one in error.errors(include_url=False))
        raise CommandError("\n".join(problems)) from None
    return Service(
        name,
        declared.port,
        declared.database,
        tuple(declared.libraries),
        {limit: tuple(paths) for limit, paths in declared.limits.items()},
        tuple(declared.egress_ports),
        declared.dashboard,
        tuple(declared.owns),
        declared.front,
    )


_OF_KEY = "[key]"
"""Pydantic's place of an error about a key."""
_FORMS = {
    _OF_KEY: "must be a class of routes, as in login",
    "libraries": "must look like pydantic[email]",
    "owns": "must be a path below the project, as in docs/accounts.md",
}


def _sentence(where: str, error: Mapping[str, Any]) -> str:
    """Return what to change because of an error of pydantic."""
    key, *rest = map(str, error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{where}: there is no key '{key}'. The keys are {_listed(_Declaration.model_fields)}."
    if error["type"] == "missing":
        return f"{where}: add the key '{key}'."
    names = ".".join([key, *(part for part in rest if not part.isdigit() and part != _OF_KEY)])
    place = f"{names}, item {int(rest[-1]) + 1}" if rest and rest[-1].isdigit() else names
    reason = str(error["msg"]).removeprefix("Input ").rstrip(".")
    if error["type"] == "string_pattern_mismatch":
        reason = _FORMS.get(rest[-1] if _OF_KEY in rest else key, "must be a path, as in /dashboard")
    return f"{where}: {place} {reason}; it is {error['input']!r}."


def _listed(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}"


SERVICES = discover(ROOT)
STORED = tuple(service for service in SERVICES if service.store)
"""The services with a database."""
FRONT = front_of(SERVICES)
"""The service that people reach all others through, if there is one."""
REFLECTED = tuple(service for service in SERVICES if service.kind == "reflected")
"""The services with tables that another team migrates."""
