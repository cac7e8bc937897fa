"""NetworkPolicies, evaluated as by Kubernetes: a selected pod may do what at least one of its policies allows."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network
from itertools import permutations

import pytest

from chassis.messaging.event import publisher_of
from cli.events import published_events
from cli.links import settings_class
from cli.services import SERVICES, find_service
from tests.deploy.manifests import OVERLAYS, Manifest, labels_of, of_kind, pod_of, selects

Pod = Mapping[str, str]
"""A pod's labels; "namespace" and "address" stand among them."""

STRANGER: Pod = {"app.kubernetes.io/name": "stranger"}
PROMETHEUS: Pod = {"app.kubernetes.io/name": "prometheus", "namespace": "monitoring"}
COLLECTOR: Pod = {"app.kubernetes.io/name": "opentelemetry-collector", "namespace": "monitoring"}
NAME_SERVER: Pod = {"k8s-app": "kube-dns", "namespace": "kube-system"}
HTTP = 8000

every_overlay = pytest.mark.parametrize("overlay", OVERLAYS)


def pods(overlay: str) -> dict[str, Pod]:
    """Return the pods of the overlay, by the names of their workloads."""
    return {name: labels_of(one) for name, one in of_kind(overlay, "Deployment", "Job").items()}


def service_pods(overlay: str) -> dict[str, Pod]:
    """Return the pods of the services, by name."""
    return {service.name: pods(overlay)[service.host] for service in SERVICES}


def may_speak(overlay: str, sender: Pod, receiver: Pod, port: int = HTTP) -> bool:
    """Return whether the sender's policies allow egress and the receiver's allow ingress."""
    return allows(overlay, "egress", sender, receiver, port) and allows(overlay, "ingress", receiver, sender, port)


def allows(overlay: str, direction: str, pod: Pod, other: Pod, port: int) -> bool:
    """Return whether the policies of a pod allow traffic to another ("egress"), or from another ("ingress")."""
    if "namespace" in pod:
        return True  # policies of other namespaces do not apply
    policies = [one["spec"] for one in of_kind(overlay, "NetworkPolicy").values()]
    chosen = [
        one for one in policies if direction.capitalize() in one["policyTypes"] and selects(one["podSelector"], pod)
    ]
    return not chosen or any(_rule_allows(rule, other, port) for one in chosen for rule in one.get(direction, []))


def _rule_allows(rule: Manifest, other: Pod, port: int) -> bool:
    assert rule.keys() <= {"from", "to", "ports"}
    peers = rule.get("from", rule.get("to"))
    is_port = any(one["port"] == port for one in rule["ports"])
    return is_port and (peers is None or any(_means(peer, other) for peer in peers))


def _means(peer: Manifest, pod: Pod) -> bool:
    if "ipBlock" in peer:
        return "address" in pod and ip_address(pod["address"]) in ip_network(peer["ipBlock"]["cidr"])
    assert peer
    if "namespaceSelector" in peer:
        names = {"kubernetes.io/metadata.name": pod.get("namespace", "")}
        return selects(peer["namespaceSelector"], names) and selects(peer.get("podSelector", {}), pod)
    return "namespace" not in pod and selects(peer["podSelector"], pod)


def declared() -> set[tuple[str, str]]:
    """Return each caller with its callee, by the settings; public keys, revocations and events are calls, too."""
    return {(service.name, callee) for service in SERVICES for callee in settings_class(service.name).peers}


def database(overlay: str) -> Iterator[Pod]:
    """Return the hosts of the overlay's databases: first PostgreSQL, then MongoDB."""
    if overlay == "staging":
        yield from ({"namespace": "databases", "app": "postgres"}, {"namespace": "databases", "app": "mongodb"})
    else:
        yield from ({"namespace": "", "address": "10.20.0.7"}, {"namespace": "", "address": "10.20.1.7"})


def test_public_keys_and_events_travel_on_declared_links() -> None:
    """Each connection for public keys or events is one of the declared calls."""
    followers = {(one.name, settings_class(one.name).tokens_from) for one in SERVICES}
    hearing = {(publisher_of(event.type), listener) for event in published_events() for listener in event.consumers}

    assert {pair for pair in followers if pair[1]} | hearing <= declared()


@every_overlay
def test_services_are_let_out_to_those_they_call_and_to_no_other(overlay: str) -> None:
    """The senders' policies allow exactly the links that the code declares."""
    serving = service_pods(overlay)

    assert {
        (caller, callee)
        for caller, callee in permutations(serving, 2)
        if allows(overlay, "egress", serving[caller], serving[callee], HTTP)
    } == declared()


@every_overlay
def test_services_are_let_in_by_those_they_call_and_by_no_other(overlay: str) -> None:
    """The receivers' policies allow the same: a fault in one of the two opens nothing."""
    serving = service_pods(overlay)

    assert {
        (caller, callee)
        for caller, callee in permutations(serving, 2)
        if allows(overlay, "ingress", serving[callee], serving[caller], HTTP)
    } == declared()


@every_overlay
def test_the_edge_reaches_the_front_alone_and_is_reached_from_anywhere(overlay: str) -> None:
    """Without a front it reaches all; either policy alone ensures this. No service calls the edge."""
    edge, outside = pods(overlay)["edge"], {"namespace": "", "address": "203.0.113.9"}
    ports = {one["containerPort"] for one in pod_of(of_kind(overlay, "Deployment")["edge"])["containers"][0]["ports"]}

    reached = {one.name for one in SERVICES if one.front} or {one.name for one in SERVICES}

    serving = service_pods(overlay)
    assert {name for name, pod in serving.items() if allows(overlay, "egress", edge, pod, HTTP)} == reached
    assert {name for name, pod in serving.items() if allows(overlay, "ingress", pod, edge, HTTP)} == reached
    assert all(may_speak(overlay, outside, edge, port) for port in ports)
    assert not any(may_speak(overlay, pod, edge, port) for pod in serving.values() for port in ports)


@every_overlay
def test_nobody_else_reaches_a_service(overlay: str) -> None:
    """No other pod, migration, outside address or pod beside Prometheus reaches a service."""
    migrations = [labels for name, labels in pods(overlay).items() if name.endswith("-migrate")]
    others = [STRANGER, *migrations, {**STRANGER, "namespace": "monitoring"}, {"namespace": "", "address": "10.0.0.9"}]

    assert not any(may_speak(overlay, other, one) for other in others for one in service_pods(overlay).values())


@every_overlay
def test_prometheus_reaches_the_metrics_of_every_service(overlay: str) -> None:
    """Prometheus reaches the metrics from its own namespace."""
    assert all(may_speak(overlay, PROMETHEUS, one) for one in service_pods(overlay).values())


@every_overlay
def test_every_service_reaches_the_collector_of_traces(overlay: str) -> None:
    """Services reach the collector on the port of OTLP over HTTP only; no other pod does."""
    serving = service_pods(overlay)
    reaching = {name for name, pod in pods(overlay).items() if may_speak(overlay, pod, COLLECTOR, 4318)}

    assert reaching == {find_service(name).host for name in serving}
    assert not any(may_speak(overlay, pod, COLLECTOR, HTTP) for pod in serving.values())


@every_overlay
def test_every_pod_may_ask_for_names(overlay: str) -> None:
    """Every pod reaches the cluster's name server, on its port only."""
    assert all(may_speak(overlay, pod, NAME_SERVER, 53) for pod in pods(overlay).values())
    assert not any(may_speak(overlay, pod, NAME_SERVER, 443) for pod in pods(overlay).values())


@every_overlay
def test_only_those_who_keep_data_there_reach_a_database(overlay: str) -> None:
    """A service and its migration reach the database of the service."""
    postgres, mongodb = database(overlay)
    homes = {f"{one.slug}-{kind}": one.store for one in SERVICES for kind in ("service", "migrate")}
    expected = {name: (homes.get(name) == "postgres", homes.get(name) == "mongodb") for name in pods(overlay)}

    assert {
        name: (may_speak(overlay, pod, postgres, 5432), may_speak(overlay, pod, mongodb, 27017))
        for name, pod in pods(overlay).items()
    } == expected


@every_overlay
def test_only_the_user_service_sends_mail(overlay: str) -> None:
    """No other pod sends traffic out of the cluster."""
    outside = {"namespace": "", "address": "203.0.113.9"}
    senders = {name: may_speak(overlay, pod, outside, 587) for name, pod in pods(overlay).items()}

    assert [name for name, may in senders.items() if may] == ["user-service"]
    assert not any(may_speak(overlay, pod, outside, 443) for pod in pods(overlay).values())
