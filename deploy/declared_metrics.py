"""
``python -m deploy.declared_metrics``: every metric that a service declares, as ``/metrics`` shows it; for promtool.

Each has a sample, also those that have labels and nothing counted yet: promtool looks at no metric without one.
"""

import sys
from importlib import import_module

from prometheus_client import REGISTRY, generate_latest
from prometheus_client.metrics import MetricWrapperBase

from cli.services import SERVICES


def main() -> None:
    """Print them."""
    for service in SERVICES:
        import_module(f"{service.name}.main")
    for metric in list(REGISTRY._collector_to_names):  # noqa: SLF001 - the registry has no public list
        if isinstance(metric, MetricWrapperBase) and metric._labelnames:  # noqa: SLF001
            metric.labels(*("-" for _ in metric._labelnames))  # noqa: SLF001
    sys.stdout.write(generate_latest(REGISTRY).decode())


if __name__ == "__main__":
    main()
