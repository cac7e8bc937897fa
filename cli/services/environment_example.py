""".env.example: the variables that depend on which services there are, and those of one service."""

from collections.abc import Iterable, Iterator

from chassis.sealing.access import CLIENT
from chassis.sealing.keys import variable_name
from cli.services.discovery import Service
from cli.services.own_settings import Setting
from cli.services.project import Part, Project
from cli.services.regions import Region
from cli.services.text import SERVICE_FILES, fill

EXAMPLE = ".env.example"
_WIDTH = 120

_POSTGRES = "# @variable=postgresql://@role:change-me@@127.0.0.1:5432/@database\n"
_MONGODB = "# @variable=mongodb://@role:change-me@@127.0.0.1:27017/@database?replicaSet=rs0\n"


def render_environment_example(project: Project) -> Iterator[Region]:
    """Yield the regions of .env.example."""
    services = project.services
    addresses = (f"{one.url_variable}=http://127.0.0.1:{one.port}\n" for one in services)
    yield Region(EXAMPLE, "addresses", SERVICE_FILES, "".join(addresses))
    yield Region(EXAMPLE, "postgres", SERVICE_FILES, _databases(services, "postgres", _POSTGRES))
    yield Region(EXAMPLE, "mongodb", SERVICE_FILES, _databases(services, "mongodb", _MONGODB))
    yield Region(EXAMPLE, "settings", "*/settings.py", "".join(map(_section, project.parts)).removeprefix("\n"))
    yield Region(EXAMPLE, "links", "calls.py and events.py", "".join(_links(project)))
    replicas = (f"# {one.name.upper()}_REPLICAS=1\n" for one in services)
    yield Region(EXAMPLE, "replicas", SERVICE_FILES, "".join(replicas))


def _databases(services: Iterable[Service], store: str, template: str) -> str:
    return "".join(
        fill(template, variable=variable, role=role, database=one.database)
        for one in services
        if one.store == store
        for variable, role in {one.store_variable: one.database, one.owner_variable: one.owner}.items()
    )


def _section(part: Part) -> str:
    if not part.settings:
        return ""
    title = f"# --- {part.service.name} service "
    return f"\n{title:-<{_WIDTH - 1}}\n\n{''.join(map(_explained, part.settings))}"


def _explained(setting: Setting) -> str:
    return "".join([*(f"# {line}\n" for line in setting.meaning), f"# {setting.example}\n"])


def _links(project: Project) -> Iterator[str]:
    pairs = [(one.name, peer.name) for one in project.services for peer in project.called_by(one)]
    unordered = {tuple(sorted(pair)): pair for pair in pairs}
    for one, other in unordered.values():
        yield from _both_ways(one, other)
    yield f"# A trusted outside program, here named {CLIENT}; for each service that it may call:\n"
    for service in project.services:
        yield from _both_ways(CLIENT, service.name)


def _both_ways(one: str, other: str) -> Iterator[str]:
    yield f"# {variable_name(one, other)}=k1:change-me\n"
    yield f"# {variable_name(other, one)}=k1:change-me\n"
