from math import ceil

import pytest

from chassis.web import health
from cli.services import SERVICES, find_service
from tests.deploy.manifests import OVERLAYS, labels_of, of_kind, pod_of, selects, variables_of

LONGEST_REQUEST_S, LAST_DELIVERY_S, LONGEST_AT_THE_EDGE_S = 30, 4, 35
NAMES = [service.name for service in SERVICES]
WORKLOADS = [(overlay, name) for overlay in OVERLAYS for name in of_kind(overlay, "Deployment", "Job")]

every_overlay = pytest.mark.parametrize("overlay", OVERLAYS)


@every_overlay
@pytest.mark.parametrize("name", NAMES)
def test_probes_ask_what_a_service_answers(overlay: str, name: str) -> None:
    """A service is restarted only if its own process hangs, and gets requests only if its database answers."""
    (container,) = pod_of(of_kind(overlay, "Deployment")[find_service(name).host])["containers"]
    probes = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}

    assert {kind: probe["path"] for kind, probe in probes.items()} == {
        "startup": "/livez",
        "liveness": "/livez",
        "readiness": "/readyz",
    }
    assert {probe["path"] for probe in probes.values()} <= {route.path for route in health.router.routes}  # type: ignore[attr-defined]
    assert {probe["port"] for probe in probes.values()} == {"http"}
    assert container["readinessProbe"]["timeoutSeconds"] > health.CHECK_TIMEOUT_S


@every_overlay
@pytest.mark.parametrize("name", NAMES)
def test_a_service_ends_before_the_cluster_loses_patience(overlay: str, name: str) -> None:
    """The grace period exceeds the pause before SIGTERM plus gunicorn's timeout; draining outlasts two probes."""
    pod = pod_of(of_kind(overlay, "Deployment")[find_service(name).host])
    (container,) = pod["containers"]
    drain_s = float(variables_of(overlay, container)["DRAIN_SECONDS"])
    pause_s = container["lifecycle"]["preStop"]["sleep"]["seconds"]

    assert pod["terminationGracePeriodSeconds"] > pause_s + ceil(drain_s) + LONGEST_REQUEST_S + LAST_DELIVERY_S
    assert drain_s >= 2 * container["readinessProbe"]["periodSeconds"]


@every_overlay
def test_the_edge_ends_before_the_cluster_loses_patience(overlay: str) -> None:
    """Nginx stops listening at once on SIGTERM, so SIGTERM is delayed."""
    pod = pod_of(of_kind(overlay, "Deployment")["edge"])
    pause_s = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]

    assert pause_s >= 5
    assert pod["terminationGracePeriodSeconds"] > pause_s + LONGEST_AT_THE_EDGE_S


@pytest.mark.parametrize(("overlay", "name"), WORKLOADS)
def test_every_pod_is_confined(overlay: str, name: str) -> None:
    """Pods meet Pod Security's "restricted"; their root file system is read-only, and none may use the API server."""
    pod = pod_of(of_kind(overlay, "Deployment", "Job")[name])

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert {kind for volume in pod["volumes"] for kind in volume} <= {"name", "secret", "configMap", "emptyDir"}
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"cpu", "memory", "ephemeral-storage"} <= container["resources"]["requests"].keys()
        assert {"memory", "ephemeral-storage"} <= container["resources"]["limits"].keys()


@every_overlay
def test_replicas_are_spread_over_machines(overlay: str) -> None:
    """The constraint covers the deployment's own pods, and only those of the newest version."""
    for deployment in of_kind(overlay, "Deployment").values():
        spread = pod_of(deployment)["topologySpreadConstraints"]

        assert "kubernetes.io/hostname" in {one["topologyKey"] for one in spread}
        assert all(selects(one["labelSelector"], labels_of(deployment)) for one in spread)
        assert all(one["matchLabelKeys"] == ["pod-template-hash"] for one in spread)
