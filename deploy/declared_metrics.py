"""
``python -m deploy.declared_metrics``: prints every metric that a service declares, as ``/metrics`` does, for promtool.

Each has a sample, even with labels and no counts yet, because promtool ignores metrics without one.
"""

import sys
from importlib import import_module

from prometheus_client import REGISTRY, generate_latest
from prometheus_client.metrics import MetricWrapperBase

from cli.services import SERVICES


def main() -> None:
    """Print the metrics."""
    for service in SERVICES:
        import_module(f"{service.name}.main")
    for metric in list(REGISTRY._collector_to_names):  # noqa: SLF001 - the registry has no public list
        if isinstance(metric, MetricWrapperBase) and metric._labelnames:  # noqa: SLF001
            metric.labels(*("-" for _ in metric._labelnames))  # noqa: SLF001
    sys.stdout.write(generate_latest(REGISTRY).decode())


if __name__ == "__main__":
    main()
