"""Prometheus, pyproject.toml, .dockerignore, the README's table, and the project's name in the chassis."""

import json
import re
from collections.abc import Callable, Iterable, Iterator

from cli.services.pages import code
from cli.services.project import Project
from cli.services.regions import Region, WholeFile
from cli.services.text import NAME, SERVICE_FILES, fill

_JOB = """\
  - job_name: @name
    dns_sd_configs: [{names: [@host], type: A, port: @port, refresh_interval: 10s}]
"""

_GONE = """\
      - alert: ServiceGone
        expr: |
          sum by (job) (up{job=~"@names"}) == 0
          or @absent
        for: 1m
        labels: {severity: page}
        annotations:
          summary: No replica of the {{ $labels.job }} service answers.
      - alert: ReplicaDown
        expr: up{job=~"@names"} == 0
        for: 3m
        labels: {severity: ticket}
        annotations:
          summary: "{{ $labels.instance }} of the {{ $labels.job }} service does not answer."
"""
_TESTED = {"analytics", "user"}
"""The services whose replicas alerts_test.yml lets disappear."""

_PROJECT = '''\
"""The project's name."""

NAME = "@name"
'''

_KINDS = {"postgres": "PostgreSQL", "mongodb": "MongoDB", "reflected": "PostgreSQL, another owner's", "none": "none"}


def render_small_files(project: Project) -> Iterator[Region | WholeFile]:
    """Yield the regions of the files, and the whole one."""
    services = project.services
    jobs = (fill(_JOB, name=one.name, host=one.host, port=one.port) for one in services)
    yield Region("deploy/prometheus/prometheus.yml", "services", SERVICE_FILES, "".join(jobs))
    names = [service.name for service in services]
    absent = " or ".join(f'absent(up{{job="{name}"}})' for name in names)
    alerts = fill(_GONE, names="|".join(names), absent=absent)
    yield Region("deploy/prometheus/alerts.yml", "services", SERVICE_FILES, alerts)
    others = (f'      - {{series: \'up{{job="{name}", instance="a"}}\', values: "1x30"}}\n' for name in names)
    others_up = "".join(line for name, line in zip(names, others, strict=True) if name not in _TESTED)
    yield Region("deploy/prometheus/alerts_test.yml", "others", SERVICE_FILES, others_up)
    folders = "".join(f"!{service.name}\n" for service in services)
    yield Region(".dockerignore", "services", SERVICE_FILES, folders)
    yield Region("README.md", "project", f"{NAME}, {SERVICE_FILES} and */settings.py", _introduction(project))
    libraries = "".join(f"{one.name} = {_array(one.libraries)}\n" for one in services)
    yield Region("pyproject.toml", "libraries", SERVICE_FILES, f"[project.optional-dependencies]\n{libraries}")
    packages = f"root_packages = {_array(['chassis', *names, 'cli'])}\n"
    yield Region("pyproject.toml", "packages", SERVICE_FILES, packages)
    yield Region("pyproject.toml", "layers", SERVICE_FILES, f'layers = ["{" | ".join(["cli", *names])}", "chassis"]\n')
    yield Region("pyproject.toml", "sources", SERVICE_FILES, f"source_modules = {_array(['chassis', *names])}\n")
    yield Region("docs/architecture.md", "links", "*/calls.py and */events.py", _links(project))
    yield Region("docs/clients.md", "audience", f"{NAME}; the rest is yours", _with_audience(project.name))
    yield WholeFile("chassis/core/project.py", NAME, fill(_PROJECT, name=project.name))


def _links(project: Project) -> str:
    consumed = {
        service.name: [kind for part in project.parts for kind, to in part.events.items() if service.name in to]
        for service in project.services
    }
    rows = "".join(
        f"| `{part.service.name}` | {code(one.name for one in project.called_by(part.service))} "
        f"| {code(part.events)} | {code(consumed[part.service.name])} |\n"
        for part in project.parts
    )
    return f"| service | calls | publishes | consumes |\n|---|---|---|---|\n{rows}"


def _with_audience(name: str) -> Callable[[str], str]:
    """Return a function that sets the audience in programs."""
    return lambda programs: re.sub(r'(audience(?:=|: ))"[^"]*"', rf'\1"{name}"', programs)


def _introduction(project: Project) -> str:
    rows = "".join(
        f"| `{part.service.name}` | {part.service.port} | {part.about} | {_KINDS[part.service.kind]} |\n"
        for part in project.parts
    )
    head = "| service | port | does | database |\n|---|---|---|---|\n"
    return f"# {project.title}\n\n{project.description}\n\n{head}{rows}"


def _array(texts: Iterable[str]) -> str:
    return json.dumps(list(texts))
