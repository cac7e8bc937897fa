"""deploy/kubernetes: what differs between services, and the manifests that each overlay applies."""

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import yaml

from cli.errors import CommandError
from cli.services.discovery import Service
from cli.services.project import Project
from cli.services.regions import Region, WholeFile
from cli.services.text import CODE, NAME, SERVICE_FILES, fill

FOLDER = "deploy/kubernetes"
_IMAGES = f"{SERVICE_FILES}; newName and newTag are yours"
_UNRELEASED = {"name": "project/service", "newName": "registry.example.org/project/service", "newTag": "main"}

_LIST = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [@folders]
"""

_SERVICE = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../../service]
namePrefix: @slug-
labels:
  - {pairs: {app.kubernetes.io/name: @slug}, includeSelectors: true}
@{database}images: [{name: service, newName: @project/@slug}]
patches:
@{secrets}  - target: {kind: Service}
    patch: |-
      - {op: replace, path: /spec/ports/0/port, value: @port}
"""

_SECRETS = """\
  - target: {kind: @kind}
    patch: |-
      - {op: replace, path: /spec/template/spec/volumes/0/secret/secretName, value: @folder-secrets}
"""

_DATABASE = "  - {pairs: {database: @store}, includeTemplates: true}  # its policies are in the overlays\n"

_NO_MIGRATION = """\
  - target: {kind: Job}
    patch: |-
      $patch: delete
      apiVersion: batch/v1
      kind: Job
      metadata: {name: migrate}
"""

_POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: @slug}
spec:
  podSelector: {matchLabels: {app.kubernetes.io/name: @slug, app.kubernetes.io/component: service}}
  policyTypes: [Ingress, Egress]
  ingress:@ingress
  egress:@egress
"""

_EDGE = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: from-edge, labels: {app.kubernetes.io/component: edge}}
spec:
  podSelector: @reached
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app.kubernetes.io/component: edge}}}]
      ports: [{port: 8000}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: edge-to-services, labels: {app.kubernetes.io/component: edge}}
spec:
  podSelector: {matchLabels: {app.kubernetes.io/component: edge}}
  policyTypes: [Egress]
  egress:
    - to: [{podSelector: @reached}]
      ports: [{port: 8000}]
"""

_REACHED = """\
{matchLabels: {app.kubernetes.io/component: service}, \
matchExpressions: [{key: app.kubernetes.io/name, operator: In, values: [@names]}]}"""

_PEERS = """
    - @direction:
        - podSelector:
            matchLabels: {app.kubernetes.io/component: service}
            matchExpressions: [{key: app.kubernetes.io/name, operator: In, values: [@peers]}]
      ports: [{port: 8000}]"""


def overlays(root: Path) -> list[str]:
    """Return the names of the overlays."""
    return sorted(folder.parent.name for folder in (root / FOLDER / "overlays").glob("*/kustomization.yaml"))


def render_kubernetes(project: Project, root: Path) -> Iterator[Region | WholeFile]:
    """Yield the regions and files that kustomize reads."""
    services = project.services
    folders = fill(_LIST, folders=", ".join(service.slug for service in services))
    yield WholeFile(f"{FOLDER}/services/kustomization.yaml", SERVICE_FILES, folders)
    for service in services:
        content = _kustomization(project, service)
        yield WholeFile(service_file(service.slug), f"{service.name}/service.toml and {NAME}", content)
    policies = "---\n".join([*(_policy(project, service) for service in services), _policies_of_edge(project)])
    yield WholeFile(f"{FOLDER}/network/services.yaml", CODE, policies)
    addresses = (f"{service.url_variable}=http://{service.host}:{service.port}\n" for service in services)
    yield WholeFile(f"{FOLDER}/base/addresses.conf", SERVICE_FILES, "".join(addresses))
    for overlay in overlays(root):
        yield from _overlay(project, overlay)


def service_file(slug: str) -> str:
    """Return the path of a service's kustomization."""
    return f"{FOLDER}/services/{slug}/kustomization.yaml"


def render_manifests(root: Path) -> Iterator[WholeFile]:
    """
    Yield the manifests of each overlay, as kustomize makes them of the files below *root*.

    Raises:
        CommandError: kustomize failed; the message has its reason.
    """
    for overlay in overlays(root):
        # The one in our virtual environment: another version may order or quote differently. It needs no cluster.
        command = [
            str(Path(sys.executable).with_name("kubectl")),
            "kustomize",
            str(root / FOLDER / "overlays" / overlay),
        ]
        try:
            made = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        except FileNotFoundError:
            raise CommandError("kubectl is missing in this virtual environment: make install") from None
        except subprocess.CalledProcessError as error:
            raise CommandError(f"{overlay}: {error.stderr.strip()}") from None
        yield WholeFile(f"{FOLDER}/rendered/{overlay}.yaml", f"{FOLDER} by kustomize", made)


def _kustomization(project: Project, service: Service) -> str:
    database = fill(_DATABASE, store=service.store) if service.store else ""
    mounted = {"Deployment|Job": service.name}
    if service.migrator != service.name:
        mounted = {"Deployment": service.name, "Job": service.migrator}
    secrets = "".join(fill(_SECRETS, kind=kind, folder=folder.replace("_", "-")) for kind, folder in mounted.items())
    content = fill(
        _SERVICE, project=project.name, slug=service.slug, port=service.port, database=database, secrets=secrets
    )
    return content if service.store else content + _NO_MIGRATION


def _policy(project: Project, service: Service) -> str:
    """Return the policy of a service's pods: its callers, and those that it calls."""
    ingress = _peers("from", project.callers_of(service))
    egress = _peers("to", project.called_by(service))
    if service.egress_ports:  # at any address
        egress += f"\n    - ports: [{', '.join(f'{{port: {port}}}' for port in service.egress_ports)}]"
    return fill(_POLICY, slug=service.slug, ingress=ingress or " []", egress=egress or " []")


def _policies_of_edge(project: Project) -> str:
    return fill(_EDGE, reached=fill(_REACHED, names=_names(project.at_edge)))


def _peers(direction: str, services: Iterable[Service]) -> str:
    names = _names(services)
    return fill(_PEERS, direction=direction, peers=names) if names else ""


def _names(services: Iterable[Service]) -> str:
    return ", ".join(service.slug for service in services)


def _overlay(project: Project, overlay: str) -> Iterator[Region]:
    folder = f"{FOLDER}/overlays/{overlay}"
    namespace = project.name if overlay == "production" else f"{project.name}-{overlay}"
    labels = f"labels: [{{pairs: {{app.kubernetes.io/part-of: {project.name}}}}}]\n"
    yield Region(f"{folder}/kustomization.yaml", "project", NAME, f"namespace: {namespace}\n{labels}")
    yield Region(f"{folder}/kustomization.yaml", "images", _IMAGES, _images(project))
    domain = f'map "" $domain {{ default .{namespace}.svc.cluster.local; }}\n'
    yield Region(f"{folder}/names.conf", "project", NAME, domain)


def _images(project: Project) -> Callable[[str], str]:
    """Return a function that adds and removes images in a list, and keeps what people chose for the others."""

    def render(present: str) -> str:
        listed = (yaml.load(present, yaml.BaseLoader) or {}).get("images", [])  # noqa: S506 - it makes strings only
        images = {one["name"].rpartition("/")[2]: one for one in listed}
        model = next(iter(images.values()), _UNRELEASED)
        lines = (_image(project.name, one.slug, images.get(one.slug, model)) for one in project.services)
        return "".join(["images:\n", *lines])

    return render


def _image(project: str, slug: str, model: Mapping[str, str]) -> str:
    """Return the line of an image with the registry and the tag, or digest, of *model*."""
    old_project, _, old_slug = model["name"].rpartition("/")
    registry = model["newName"].removesuffix(old_slug)
    if registry.endswith(f"/{old_project}/"):
        registry = f"{registry.removesuffix(f'{old_project}/')}{project}/"
    chosen = "".join(f', {key}: "{value}"' for key, value in model.items() if key not in {"name", "newName"})
    return f"  - {{name: {project}/{slug}, newName: {registry}{slug}{chosen}}}\n"
