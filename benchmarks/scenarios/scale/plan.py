"""What a run measures, and for how long."""

from dataclasses import dataclass

from benchmarks.load import Load

CONCURRENCY = 32
"""Orders at a time, in every step."""
POOL_SIZE = 5
"""Of a worker's database, as Kubernetes and docker-compose.prod.yml give it: 12 workers of 3 services fit into 300."""
MAX_CONNECTIONS = 300
MEMBERS = 3
"""Of MongoDB's replica set."""
PARTS = ("order", "product", "events", "PostgreSQL", "nginx")
"""Where CPU goes; `events` is analytics with all of MongoDB, and the user service."""
RECOVERED_S = 10.0
"""So soon after a kill there shall be acknowledgements again."""


@dataclass(frozen=True, slots=True)
class Step:
    """How much there is of each service."""

    workers: int
    """Of each replica."""
    replicas: int

    @property
    def text(self) -> str:
        """Say it in short: workers x replicas."""
        return f"{self.workers} x {self.replicas}"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is done."""

    steps: tuple[Step, ...]
    seconds: float
    """Least length of a step's measurement."""
    orders: int
    """Fewest of it: a 99th percentile of fewer says little."""
    idle_s: float
    """For so long a step is watched with nothing to do."""
    window_s: float
    """From one kill to the next, and from the last to the end of the load."""
    customers: int = 16
    """Who order while something is killed."""
    failing: Step = Step(workers=2, replicas=2)
    """What there is of each service meanwhile."""

    @property
    def load(self) -> Load:
        """What one measurement is."""
        return Load(CONCURRENCY, self.orders, self.seconds, 3 * self.seconds)

    @property
    def warming(self) -> Load:
        """What goes before it."""
        return Load(CONCURRENCY, 2 * CONCURRENCY, self.seconds / 3, self.seconds)


WORKERS, REPLICAS = (1, 2, 4), (1, 2, 3)
FULL = Plan(
    steps=tuple(Step(workers, replicas) for workers in WORKERS for replicas in REPLICAS),
    seconds=10.0,
    orders=1_000,
    idle_s=4.0,
    window_s=15.0,
)
QUICK = Plan(steps=(Step(1, 1), Step(1, 2), Step(2, 2)), seconds=4.0, orders=200, idle_s=2.0, window_s=9.0)
