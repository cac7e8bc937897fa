"""NetworkPolicies, understood as Kubernetes does: a pod that a policy selects may do what some policy allows it."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network
from itertools import permutations

import pytest

from chassis.messaging.event import publisher_of
from cli.events import published_events
from cli.links import settings_class
from cli.services import SERVICES
from deploy.manifests import OVERLAYS
from tests.deploy.manifests import Manifest, labels_of, of_kind, pod_of, selects

Pod = Mapping[str, str]
"""A pod's labels; "namespace" and "address" stand among them."""

STRANGER: Pod = {"app.kubernetes.io/name": "stranger"}
PROMETHEUS: Pod = {"app.kubernetes.io/name": "prometheus", "namespace": "monitoring"}
COLLECTOR: Pod = {"app.kubernetes.io/name": "opentelemetry-collector", "namespace": "monitoring"}
NAME_SERVER: Pod = {"k8s-app": "kube-dns", "namespace": "kube-system"}
HTTP = 8000

every_overlay = pytest.mark.parametrize("overlay", OVERLAYS)


def pods(overlay: str) -> dict[str, Pod]:
    """The pods of the overlay, by the names of what makes them."""
    return {name: labels_of(one) for name, one in of_kind(overlay, "Deployment", "Job").items()}


def service_pods(overlay: str) -> dict[str, Pod]:
    """The pods that serve, by the names of their services."""
    return {service.name: pods(overlay)[f"{service.name}-service"] for service in SERVICES}


def may_speak(overlay: str, sender: Pod, receiver: Pod, port: int = HTTP) -> bool:
    """Whether the policies of the sender let it out, and those of the receiver let it in."""
    return allows(overlay, "egress", sender, receiver, port) and allows(overlay, "ingress", receiver, sender, port)


def allows(overlay: str, direction: str, pod: Pod, other: Pod, port: int) -> bool:
    """Whether the policies of a pod allow it to send to another ("egress"), or to be reached by it ("ingress")."""
    if "namespace" in pod:
        return True  # another namespace's policies are not ours
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
    """Who calls whom, as the settings say; public keys, revocations and events are calls, too."""
    return {(service.name, callee) for service in SERVICES for callee in settings_class(service.name).peers}


def database(overlay: str) -> Iterator[Pod]:
    """Where the databases of the overlay are: first PostgreSQL, then MongoDB."""
    if overlay == "staging":
        yield from ({"namespace": "databases", "app": "postgres"}, {"namespace": "databases", "app": "mongodb"})
    else:
        yield from ({"namespace": "", "address": "10.20.0.7"}, {"namespace": "", "address": "10.20.1.7"})


def test_public_keys_and_events_travel_on_declared_links() -> None:
    """What a policy must let through beside calls stands in `calls`."""
    followers = {(one.name, settings_class(one.name).tokens_from) for one in SERVICES}
    hearing = {(publisher_of(event.type), listener) for event in published_events() for listener in event.consumers}

    assert {pair for pair in followers if pair[1]} | hearing <= declared()


@every_overlay
def test_services_are_let_out_to_those_they_call_and_to_no_other(overlay: str) -> None:
    """What the senders' policies allow are the links that the code declares: none is missing, none is left over."""
    serving = service_pods(overlay)

    assert {
        (caller, callee)
        for caller, callee in permutations(serving, 2)
        if allows(overlay, "egress", serving[caller], serving[callee], HTTP)
    } == declared()


@every_overlay
def test_services_are_let_in_by_those_they_call_and_by_no_other(overlay: str) -> None:
    """So with the receivers' policies: a fault in one of the two opens nothing."""
    serving = service_pods(overlay)

    assert {
        (caller, callee)
        for caller, callee in permutations(serving, 2)
        if allows(overlay, "ingress", serving[callee], serving[caller], HTTP)
    } == declared()


@every_overlay
def test_the_edge_reaches_every_service_and_is_reached_from_anywhere(overlay: str) -> None:
    """On the ports on which they listen; no service calls the edge."""
    edge, outside = pods(overlay)["edge"], {"namespace": "", "address": "203.0.113.9"}
    ports = {one["containerPort"] for one in pod_of(of_kind(overlay, "Deployment")["edge"])["containers"][0]["ports"]}

    assert all(may_speak(overlay, edge, service) for service in service_pods(overlay).values())
    assert all(may_speak(overlay, outside, edge, port) for port in ports)
    assert not any(
        may_speak(overlay, service, edge, port) for service in service_pods(overlay).values() for port in ports
    )


@every_overlay
def test_nobody_else_reaches_a_service(overlay: str) -> None:
    """Neither another pod here, nor a migration, nor an address outside, nor another pod where Prometheus is."""
    migrations = [labels for name, labels in pods(overlay).items() if name.endswith("-migrate")]
    others = [STRANGER, *migrations, {**STRANGER, "namespace": "monitoring"}, {"namespace": "", "address": "10.0.0.9"}]

    assert not any(may_speak(overlay, other, one) for other in others for one in service_pods(overlay).values())


@every_overlay
def test_prometheus_reaches_the_metrics_of_every_service(overlay: str) -> None:
    """From its own namespace."""
    assert all(may_speak(overlay, PROMETHEUS, one) for one in service_pods(overlay).values())


@every_overlay
def test_every_service_reaches_the_collector_of_traces(overlay: str) -> None:
    """On the port of OTLP over HTTP alone; nobody else does."""
    serving = service_pods(overlay)
    reaching = {name for name, pod in pods(overlay).items() if may_speak(overlay, pod, COLLECTOR, 4318)}

    assert reaching == {f"{name}-service" for name in serving}
    assert not any(may_speak(overlay, pod, COLLECTOR, HTTP) for pod in serving.values())


@every_overlay
def test_every_pod_may_ask_for_names(overlay: str) -> None:
    """Of the cluster's name server, on its port alone."""
    assert all(may_speak(overlay, pod, NAME_SERVER, 53) for pod in pods(overlay).values())
    assert not any(may_speak(overlay, pod, NAME_SERVER, 443) for pod in pods(overlay).values())


@every_overlay
def test_only_those_who_keep_data_there_reach_a_database(overlay: str) -> None:
    """A service and its migration reach the one that holds the service's data."""
    postgres, mongodb = database(overlay)
    homes = {f"{one.name}-{kind}": one.store for one in SERVICES for kind in ("service", "migrate")}
    expected = {name: (homes.get(name) == "postgres", homes.get(name) == "mongodb") for name in pods(overlay)}

    assert {
        name: (may_speak(overlay, pod, postgres, 5432), may_speak(overlay, pod, mongodb, 27017))
        for name, pod in pods(overlay).items()
    } == expected


@every_overlay
def test_only_the_user_service_sends_mail(overlay: str) -> None:
    """Nothing else leaves the cluster."""
    outside = {"namespace": "", "address": "203.0.113.9"}
    senders = {name: may_speak(overlay, pod, outside, 587) for name, pod in pods(overlay).items()}

    assert [name for name, may in senders.items() if may] == ["user-service"]
    assert not any(may_speak(overlay, pod, outside, 443) for pod in pods(overlay).values())
