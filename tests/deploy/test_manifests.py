from pathlib import Path
from typing import Any

import pytest

from chassis.core.project import NAME
from chassis.settings import Environment
from cli.links import settings_class
from cli.services import SERVICES, STORED, Service, find_service
from tests.deploy.manifests import (
    LOADED,
    OVERLAYS,
    Manifest,
    forget_environment,
    labels_of,
    of_kind,
    pod_of,
    secrets_in,
    selects,
    variables_of,
)

NAMES = [service.name for service in SERVICES]

every_overlay = pytest.mark.parametrize("overlay", OVERLAYS)


@every_overlay
def test_every_service_has_all_that_it_needs(overlay: str) -> None:
    """Each service has a deployment, an address, an autoscaler, a disruption budget and an account."""
    names = {service.host for service in SERVICES}

    for kind in ("Deployment", "Service", "ServiceAccount", "PodDisruptionBudget"):
        assert of_kind(overlay, kind).keys() == names | {"edge"}
    assert of_kind(overlay, "HorizontalPodAutoscaler").keys() == names
    assert of_kind(overlay, "Job").keys() == {f"{service.slug}-migrate" for service in STORED}


@every_overlay
@pytest.mark.parametrize("name", NAMES)
def test_a_service_starts_with_what_its_deployment_gives(
    overlay: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service's settings are complete and valid, link keys included; its peers' addresses are those of Services."""
    deployment = of_kind(overlay, "Deployment")[find_service(name).host]
    secrets = secrets_in(tmp_path, monkeypatch)[secret_of(deployment)]
    forget_environment(monkeypatch)
    for variable, value in {**secrets, **variables_of(overlay, pod_of(deployment)["containers"][0])}.items():
        monkeypatch.setenv(variable, value)

    settings = settings_class(name).load()

    assert settings.environment is Environment(overlay)
    assert settings.links(set()).keys() >= set(settings.peers)
    services = of_kind(overlay, "Service")
    assert settings.peer_urls == {
        peer: f"http://{host}:{services[host]['spec']['ports'][0]['port']}"
        for peer, host in ((peer, find_service(peer).host) for peer in settings.peers)
    }


@every_overlay
@pytest.mark.parametrize("service", STORED, ids=lambda service: service.name)
def test_a_migration_reads_the_secrets_and_runs_the_image_of_its_service(overlay: str, service: Service) -> None:
    """A migration has the image and the database of its service; where another owns that, the service has no more."""
    deployment = of_kind(overlay, "Deployment")[service.host]
    job = of_kind(overlay, "Job")[f"{service.slug}-migrate"]

    assert secret_of(deployment) == f"{service.slug}-secrets"
    assert secret_of(job) == f"{service.migrator.replace('_', '-')}-secrets"
    assert pod_of(deployment)["containers"][0]["image"] == pod_of(job)["containers"][0]["image"]
    assert f"/{NAME}/{service.slug}:" in pod_of(job)["containers"][0]["image"]


@every_overlay
def test_everything_but_the_services_can_be_deployed_before_them(overlay: str) -> None:
    """A label separates them: a migration needs its account and the policies, and precedes its version's deployment."""
    label = "app.kubernetes.io/component"
    services = [one["kind"] for one in LOADED[overlay] if one["metadata"].get("labels", {}).get(label) == "service"]

    assert services == ["Deployment"] * len(NAMES)


@every_overlay
def test_services_lead_to_what_serves_and_to_nothing_else(overlay: str) -> None:
    """A Service and a disruption budget select the pods of their deployment, and never those of a migration."""
    pods = {name: labels_of(one) for name, one in of_kind(overlay, "Deployment", "Job").items()}
    services = {name: {"matchLabels": one["spec"]["selector"]} for name, one in of_kind(overlay, "Service").items()}
    budgets = {name: one["spec"]["selector"] for name, one in of_kind(overlay, "PodDisruptionBudget").items()}

    for selectors in (services, budgets):
        for name, selector in selectors.items():
            assert [pod for pod, labels in pods.items() if selects(selector, labels)] == [name]


@every_overlay
def test_addresses_are_those_that_the_edge_knows(overlay: str) -> None:
    """A Service's port is that in nginx.conf, and its target is the container's port."""
    for service in SERVICES:
        (port,) = of_kind(overlay, "Service")[service.host]["spec"]["ports"]
        (container,) = pod_of(of_kind(overlay, "Deployment")[service.host])["containers"]

        assert (port["port"], port["targetPort"]) == (service.port, "http")
        listens = int(variables_of(overlay, container)["PORT"])
        assert container["ports"] == [{"name": "http", "containerPort": listens}]


@every_overlay
def test_the_edge_looks_for_services_in_their_namespace(overlay: str) -> None:
    """Nginx resolves full names, which end with the overlay's namespace."""
    (namespace,) = of_kind(overlay, "Namespace")
    (configuration,) = (one for name, one in of_kind(overlay, "ConfigMap").items() if name.startswith("edge-"))

    assert f" .{namespace}.svc.cluster.local;" in configuration["data"]["names.conf"]
    assert {one["metadata"].get("namespace", namespace) for one in LOADED[overlay]} == {namespace}


@every_overlay
@pytest.mark.parametrize("name", NAMES)
def test_a_service_knows_how_many_replicas_there_may_be(overlay: str, name: str) -> None:
    """REPLICAS, which the pools are checked against, is the autoscaler's maximum."""
    scaler = of_kind(overlay, "HorizontalPodAutoscaler")[find_service(name).host]["spec"]
    deployment = of_kind(overlay, "Deployment")[find_service(name).host]
    (container,) = pod_of(deployment)["containers"]

    assert scaler["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": find_service(name).host}
    assert str(scaler["maxReplicas"]) == variables_of(overlay, container)["REPLICAS"]
    assert "replicas" not in deployment["spec"]


@every_overlay
def test_the_namespace_admits_only_what_is_confined(overlay: str) -> None:
    """Pod Security is enforced for all pods of the namespace."""
    (namespace,) = of_kind(overlay, "Namespace").values()

    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


@every_overlay
def test_no_manifest_holds_a_secret(overlay: str) -> None:
    """Secrets are named and created separately; none is in an environment, which every child process can read."""
    assert of_kind(overlay, "Secret") == {}
    for workload in of_kind(overlay, "Deployment", "Job").values():
        for container in pod_of(workload)["containers"]:
            sources: list[dict[str, Any]] = [*container.get("env", []), *container.get("envFrom", [])]
            assert [one for one in sources if "valueFrom" in one or "secretRef" in one] == []


def secret_of(workload: Manifest) -> str:
    """Return the Secret that is mounted where entrypoint.sh reads it."""
    pod = pod_of(workload)
    (container,) = pod["containers"]
    (folder,) = (one["value"] for one in container["env"] if one["name"] == "SECRETS_DIR")
    (mount,) = (one["name"] for one in container["volumeMounts"] if one["mountPath"] == folder)
    (name,) = (one["secret"]["secretName"] for one in pod["volumes"] if one["name"] == mount)
    return str(name)
