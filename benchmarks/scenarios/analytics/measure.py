"""Runs the plan: first both sides send batches in turn, then a history grows, and is asked about."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.deployment import Deployed, deploy
from benchmarks.scenarios.analytics.figures import Figures
from benchmarks.scenarios.analytics.plan import Plan
from benchmarks.scenarios.analytics.scenario import measure_answers
from benchmarks.scenarios.analytics.sending import measure_sending
from benchmarks.scenarios.analytics.stores import Stores, open_stores
from cli.dev.secrets import ensure_secrets
from cli.links import links

OnTurn = Callable[[str], None]
"""Told what is measured next."""
_WORKERS = {"analytics": 2, "user": 1}


def measure(plan: Plan, on_turn: OnTurn) -> Figures:
    """
    Measure everything.

    Raises:
        DoesNotWork: A side fails from the start.
        NotReady: A service does not start.
    """
    with _running() as (stores, services):
        sides = measure_sending(plan, stores, services, on_turn)
        stores.empty()
        return Figures(sides, list(measure_answers(plan, stores, services, on_turn)))


@contextmanager
def _running() -> Iterator[tuple[Stores, Deployed]]:
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        folder.chmod(0o711)  # PostgreSQL runs as nobody where we are root, and has its data in it
        secrets = ensure_secrets(folder / "secrets.json", links())
        with (
            open_stores(folder, secrets) as stores,
            deploy(stores.environment, secrets, folder, _WORKERS) as services,
        ):
            yield stores, services
