import re

import pytest

from cli.services import SERVICES
from tests.support.aliases import People

DECLARED = re.compile(r"^# TYPE (\S+) (\S+)$", re.MULTILINE)
EXPLAINED = re.compile(r"^# HELP (\S+) \S", re.MULTILINE)
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
NOT_BASE = re.compile(r"_(ms|milliseconds|microseconds|minutes|hours|days|kb|kilobytes|mb|megabytes|percent)(_|$)")
KINDS = re.compile(r"_(counter|gauge|histogram|summary)(_|$)")


def faults(metrics: str) -> list[str]:
    """Return the faults that `promtool check metrics` would find in the text of /metrics."""
    explained = set(EXPLAINED.findall(metrics))
    return [
        f"{name} {fault}"
        for name, kind in DECLARED.findall(metrics)
        for fault, is_so in {
            "has no help": name not in explained,
            "is not in snake case": not NAME.fullmatch(name),
            "has not the base unit": NOT_BASE.search(name),
            "has its type in its name": KINDS.search(name),
            "is a counter without _total": kind == "counter" and not name.endswith("_total"),
            "has _total but is no counter": kind != "counter" and name.endswith("_total"),
            "ends as a part of a histogram": name.endswith(("_bucket", "_count", "_sum")),
        }.items()
        if is_so
    ]


@pytest.mark.parametrize("service", [service.name for service in SERVICES])
async def test_metrics_are_named_as_prometheus_wants_them(people: People, service: str) -> None:
    """Metrics have base units, `_total` for counters only, and a help text each."""
    metrics = (await people[service].get("/metrics")).text

    assert "http_requests_total" in metrics
    assert faults(metrics) == []


@pytest.mark.parametrize(
    ("metric", "fault"),
    [
        ("# TYPE a gauge\n", "a has no help"),
        ("# HELP aB b\n# TYPE aB gauge\n", "aB is not in snake case"),
        ("# HELP a_ms b\n# TYPE a_ms gauge\n", "a_ms has not the base unit"),
        ("# HELP a_gauge b\n# TYPE a_gauge gauge\n", "a_gauge has its type in its name"),
        ("# HELP a b\n# TYPE a counter\n", "a is a counter without _total"),
        ("# HELP a_total b\n# TYPE a_total gauge\n", "a_total has _total but is no counter"),
        ("# HELP a_sum b\n# TYPE a_sum gauge\n", "a_sum ends as a part of a histogram"),
    ],
)
def test_a_badly_named_metric_is_found(metric: str, fault: str) -> None:
    """Breaking each rule once is found."""
    assert faults(metric) == [fault]
