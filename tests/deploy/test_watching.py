"""The metrics that Prometheus and Grafana use exist; `make check-alerts` has promtool test the rules."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from cli.dev.files import ROOT
from cli.services import SERVICES
from tests.support.aliases import People

PROMETHEUS = ROOT / "deploy/prometheus"
PARTS = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
DECLARED = re.compile(r"^# TYPE (\S+) (\S+)$", re.MULTILINE)
LABELS = re.compile(r'#.*|"[^"]*"|\{[^}]*\}|\[[^\]]*\]|\b(by|on|without)\s*\([^)]*\)')
"""Also comments, strings and ranges."""
FUNCTION = re.compile(r"[\w:]+(?=\s*\()")
KEYWORDS = {"and", "or", "unless", "bool"}


def rules(file: str) -> list[dict[str, Any]]:
    """Return the rules of a file."""
    return [rule for group in yaml.safe_load((PROMETHEUS / file).read_text())["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    """Return the graphs of the dashboards."""
    dashboards = [json.loads(file.read_text()) for file in sorted((ROOT / "deploy/grafana").glob("*.json"))]
    return [panel for dashboard in dashboards for panel in dashboard["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[str]:
    """Return the expressions of rules and graphs."""
    yield from (rule["expr"] for file in ("rules.yml", "alerts.yml") for rule in rules(file))
    yield from (target["expr"] for panel in panels() for target in panel["targets"])


def metrics_in(expression: str) -> set[str]:
    """Return the metrics that an expression names."""
    return set(re.findall(r"[a-z_][\w:]*", FUNCTION.sub(" ", LABELS.sub(" ", expression)))) - KEYWORDS


@pytest.fixture
async def exposed(people: People) -> set[str]:
    """Return the metrics that services expose, and the recorded ones."""
    texts = [(await people[service.name].get("/metrics")).text for service in SERVICES]
    found = {name + part for text in texts for name, kind in DECLARED.findall(text) for part in PARTS.get(kind, ())}
    return found | {rule["record"] for rule in rules("rules.yml")} | {"up"}


async def test_what_rules_and_dashboard_name_is_exposed(exposed: set[str]) -> None:
    """Renaming a metric that an alert or graph uses fails here."""
    named = set().union(*(metrics_in(one) for one in expressions()))

    assert named - exposed == set()
    assert len(named) > 20


def test_every_recorded_rule_is_used() -> None:
    """Every recorded rule is used by an alert or a graph."""
    alerts = [rule["expr"] for rule in rules("alerts.yml")]
    graphs = [target["expr"] for panel in panels() for target in panel["targets"]]
    used = set().union(*(metrics_in(one) for one in (*alerts, *graphs)))

    assert {rule["record"] for rule in rules("rules.yml")} - used == set()


def test_every_alert_is_seen_to_come() -> None:
    """Every alert fires in the unit tests of the rules, which promtool runs."""
    tests = yaml.safe_load((PROMETHEUS / "alerts_test.yml").read_text())["tests"]
    seen = {one["alertname"] for test in tests for one in test.get("alert_rule_test", ()) if one["exp_alerts"]}

    assert {rule["alert"] for rule in rules("alerts.yml")} == seen


def test_every_alert_is_explained() -> None:
    """docs/watching.md has the meaning and first step of each alert, and of no others."""
    text = (ROOT / "docs/watching.md").read_text()

    assert set(re.findall(r"^\| `([A-Z]\w+)` \|", text, re.MULTILINE)) == {
        rule["alert"] for rule in rules("alerts.yml")
    }


def test_every_service_is_scraped() -> None:
    """Every service is scraped at the port of its containers."""
    jobs = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())["scrape_configs"]
    found = {job["job_name"]: job["dns_sd_configs"][0] for job in jobs}

    assert {name: (one["names"], one["port"]) for name, one in found.items()} == {
        service.name: ([service.host], service.port) for service in SERVICES
    }


@pytest.mark.parametrize(
    ("expression", "metrics"),
    [
        ('sum by (job) (rate(a_total{b="c",d=~"e|f"}[5m])) / (g > 0)', {"a_total", "g"}),
        ("j:a:rate5m > 14.4 * 0.001 and j:a:rate1h", {"j:a:rate5m", "j:a:rate1h"}),
        ("absent(up) or max_over_time(h[1m]) == 2", {"up", "h"}),
    ],
)
def test_metrics_are_found_in_expressions(expression: str, metrics: set[str]) -> None:
    """Functions, labels, strings and ranges are not metrics."""
    assert metrics_in(expression) == metrics
