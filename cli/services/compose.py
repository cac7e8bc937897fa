"""docker-compose.yml and docker-compose.prod.yml."""

import json
from collections.abc import Iterable, Iterator

from cli.services.discovery import Service
from cli.services.own_settings import Setting
from cli.services.project import Part, Project
from cli.services.regions import Region
from cli.services.text import CODE, NAME, SERVICE_FILES, fill

DEVELOPMENT, PRODUCTION = "docker-compose.yml", "docker-compose.prod.yml"

_JOBS = """\
x-job-environment: &job-environment
  <<: *environment
  SECRETS_DIR: @secrets

x-job-build: &job-build {context: ., target: dev, args: {SERVICE: @services}}

x-job: &job
  image: @project-dev/jobs
  pull_policy: never
  healthcheck: {disable: true}
"""

_PUBLISHED = """\
  edge:  # publishes the ports: a port of this machine and --scale exclude each other
    image: nginx:stable
    command: ["nginx", "-c", "/etc/nginx/edge/development.conf", "-g", "daemon off;"]
    ports: [@ports]
    volumes: ["./deploy/nginx:/etc/nginx/edge:ro"]

"""

_DEVELOPED = """\
  @host:
    build: {context: ., target: dev, args: {SERVICE: @name, PORT: "@port"}}
    environment:
      <<: *environment
      SECRETS_DIR: /secrets/@name
      LOG_DIR: /app/logs
@{settings}    volumes:
      - ./@name:/app/@name:ro
      - ./chassis:/app/chassis:ro
      - ./logs:/app/logs
      - secrets:/secrets:ro
    depends_on: @after
    init: true

"""

_DEPLOYED = """\
  @host:
    <<: *service
    image: @project/@slug:${TAG:-latest}
    build: {context: ., target: prod, args: {SERVICE: @name, PORT: "@port"}}
    environment:
      <<: *environment
      SECRETS_DIR: /run/secrets/@name
      REPLICAS: ${@{NAME}_REPLICAS:-1}
@{settings}    networks: [@networks]
    secrets: [@name]
    deploy: {replicas: "${@{NAME}_REPLICAS:-1}", resources: {limits: {cpus: "1.0", memory: 512M, pids: 256}}}
    depends_on: {@after}

"""

_MIGRATION = """\
  @slug-migrate:
    <<: *job
    image: @project/@slug:${TAG:-latest}
    command: ["python", "-m", "cli", "db", "upgrade", "@name"]
    environment: {SECRETS_DIR: @secrets}
    secrets: [@folders]
    deploy: {resources: {limits: {cpus: "1.0", memory: 256M, pids: 64}}}
    depends_on: {@store: {condition: service_healthy}}

"""

_FOLDER = '  @folder: {file: "${SECRETS:-./secrets}/@folder"}\n'


def render_compose(project: Project) -> Iterator[Region]:
    """Yield the regions of both files."""
    services = project.services
    names = [service.name for service in services]
    folders = [folder for one in services for folder in _folders(one)]
    yield Region(DEVELOPMENT, "project", f"{NAME} and {SERVICE_FILES}", _development(project))
    jobs = fill(
        _JOBS, project=project.name, services=" ".join(names), secrets=" ".join(f"/secrets/{one}" for one in folders)
    )
    yield Region(DEVELOPMENT, "jobs", f"{NAME} and {SERVICE_FILES}", jobs)
    published = ", ".join(f'"127.0.0.1:{one.port}:{one.port}"' for one in services)
    developed = [fill(_PUBLISHED, ports=published), *map(_developed, project.parts)]
    yield Region(DEVELOPMENT, "services", CODE, _blocks(developed))
    yield Region(PRODUCTION, "project", f"{NAME} and {SERVICE_FILES}", _production(project))
    deployed = [_deployed(project, part) for part in project.parts]
    migrated = [_migration(project, one) for one in services if one.store]
    comment = "  # Each has the image and the secrets of its service only, and of its database's owner.\n"
    yield Region(PRODUCTION, "services", CODE, _blocks([*deployed, comment, *migrated]))
    yield Region(PRODUCTION, "secrets", SERVICE_FILES, "".join(fill(_FOLDER, folder=one) for one in folders))


def _blocks(texts: Iterable[str]) -> str:
    """Return the blocks, which end with an empty line, without the last empty line."""
    return "".join(texts).removesuffix("\n")


def _development(project: Project) -> str:
    browsed = {service.name: f"http://127.0.0.1:{service.port}" for service in project.services}
    front = [project.front] if project.front else [part.service for part in project.parts if part.issues_tokens]
    # Where people find the metadata for OAuth 2 clients, it must be the issuer (RFC 8414).
    issuer = "".join(f"  JWT_ISSUER: ${{JWT_ISSUER:-{browsed[service.name]}}}\n" for service in front)
    docs = f"  DOCS_SERVICES: '{json.dumps(browsed)}'\n"
    return f"name: {project.name}-dev\n\n{_addresses(project)}{docs}{issuer}"


def _production(project: Project) -> str:
    healthy = "".join(f"  {one.host}: {{condition: service_healthy}}\n" for one in project.services)
    return f"name: {project.name}\n\n{_addresses(project)}\nx-after-services: &after-services\n{healthy}"


def _addresses(project: Project) -> str:
    lines = (f"  {one.url_variable}: http://{one.host}:{one.port}\n" for one in project.services)
    return "".join(["x-addresses: &addresses\n", *lines])


def _developed(part: Part) -> str:
    service = part.service
    database = f"{{<<: *after-jobs, {service.store}: {{condition: service_healthy}}}}"
    settings = _passed(setting for setting in part.settings if not setting.is_required)
    return _fill(_DEVELOPED, service, settings=settings, after=database if service.store else "*after-jobs")


def _deployed(project: Project, part: Part) -> str:
    service = part.service
    # A required one is a secret's file, as are addresses.
    settings = _passed(one for one in part.settings if not (one.is_secret or one.is_required))
    first = f"{service.slug}-migrate: {{condition: service_completed_successfully}}" if service.store else ""
    networks = "edge, services, data" if service in project.at_edge else "services, data"
    return _fill(_DEPLOYED, service, project=project.name, settings=settings, networks=networks, after=first)


def _migration(project: Project, service: Service) -> str:
    folders = _folders(service)
    secrets = " ".join(f"/run/secrets/{folder}" for folder in folders)
    return _fill(_MIGRATION, service, project=project.name, secrets=secrets, folders=", ".join(folders))


def _folders(service: Service) -> list[str]:
    """Return the folders of secrets that a service's migrations get."""
    return list(dict.fromkeys((service.name, service.migrator)))


def _passed(settings: Iterable[Setting]) -> str:
    """Return the lines that pass settings on from the environment of compose, which contains .env."""
    return "".join(f"      {one.variable}: ${{{one.variable}:-}}\n" for one in settings)


def _fill(template: str, service: Service, **values: object) -> str:
    own = {
        "name": service.name,
        "NAME": service.name.upper(),
        "slug": service.slug,
        "host": service.host,
        "port": service.port,
        "store": service.store,
    }
    return fill(template, **own, **values)
