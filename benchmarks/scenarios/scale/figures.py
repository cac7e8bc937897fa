"""What the run comes to: a step's figures, and those of a kill."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.scenarios.orders.figures import Turn
from benchmarks.scenarios.scale.plan import PARTS, RECOVERED_S, Step
from benchmarks.scenarios.scale.recovery import Exchange

Broken = Mapping[str, Sequence[str]]
"""Rule -> what breaks it; rules that hold are left out."""


@dataclass(frozen=True, slots=True)
class Figures:
    """
    A step.

    Attributes:
        idle_cores: How busy services and databases are with nothing to do.
        memory_mib: What all replicas take.
    """

    step: Step
    turn: Turn
    idle_cores: float
    memory_mib: float
    broken: Broken

    @property
    def cpu_ms(self) -> dict[str, float]:
        """Milliseconds of CPU per order: the customer's, and each part's."""
        customer = {"customer": self.turn.measurement.client_us / 1e3}
        return customer | {part: self.turn.per_order(self.turn.cpu_s[part]) * 1e3 for part in PARTS}

    @property
    def idle_ms(self) -> float:
        """Milliseconds of CPU used in the time of an order, whether there is one or not; they are in ``cpu_ms`` too."""
        return self.idle_cores / self.turn.measurement.per_second * 1e3

    @property
    def busy_cores(self) -> float:
        """How many cores were busy with it on average, until the last event had arrived."""
        taken = self.turn.measurement.taken
        return (taken.cpu_s + self.turn.measurement.server_cpu_s) / (taken.seconds + self.turn.drain_s)

    def as_json(self) -> dict[str, Any]:
        """Give everything there is to say."""
        measurement = self.turn.measurement
        return {
            "workers": self.step.workers,
            "replicas": self.step.replicas,
            "orders": measurement.taken.calls,
            "errors": measurement.taken.errors,
            "per_second": round(measurement.per_second, 1),
            "p50_ms": round(measurement.p50_ms, 1),
            "p99_ms": round(measurement.p99_ms, 1),
            "cpu_ms_per_order": {part: round(value, 2) for part, value in self.cpu_ms.items()},
            "idle_ms_per_order": round(self.idle_ms, 2),
            "busy_cores": round(self.busy_cores, 2),
            "cores_busy_with_others": round(measurement.others, 2),
            "idle_cores": round(self.idle_cores, 2),
            "memory_mib": round(self.memory_mib),
            "seconds_until_last_event": round(self.turn.drain_s, 2),
        }


@dataclass(frozen=True, slots=True)
class Kill:
    """Who was killed: from when on, on the monotonic clock, and when it was certainly dead."""

    victim: str
    begun: float
    dead: float


@dataclass(frozen=True, slots=True)
class Recovery:
    """
    What a kill did to those who order and send events, until the next one.

    Attributes:
        order_s: Seconds until an order was acknowledged that was sent to the survivors; None if none was.
        event_s: The same of events.
        failing_s: Seconds until the last request that failed; 0 if none did.
        failures: What came in place of answers, and how often.
        requests: How many there were.
    """

    killed: str
    order_s: float | None
    event_s: float | None
    failing_s: float
    failures: Counter[str]
    requests: int

    @property
    def is_met(self) -> bool:
        """Whether both were acknowledged soon enough."""
        return all(seconds is not None and seconds <= RECOVERED_S for seconds in (self.order_s, self.event_s))

    def as_json(self) -> dict[str, Any]:
        """Give everything there is to say."""
        return {
            "killed": self.killed,
            "order_acknowledged_after_s": _rounded(self.order_s),
            "event_acknowledged_after_s": _rounded(self.event_s),
            "last_failure_after_s": round(self.failing_s, 2),
            "failures": dict(self.failures.most_common()),
            "requests": self.requests,
            "target_s": RECOVERED_S,
            "met": self.is_met,
        }


def recovery(kill: Kill, until: float, exchanges: Sequence[Exchange]) -> Recovery:
    """Say what a kill did, from the requests that ended before *until*."""
    meanwhile = [one for one in exchanges if kill.begun <= one.ended < until]
    failed = [one for one in meanwhile if one.failure]
    return Recovery(
        kill.victim,
        _first(meanwhile, "order", kill),
        _first(meanwhile, "event", kill),
        max((one.ended - kill.begun for one in failed), default=0.0),
        Counter(one.failure for one in failed),
        len(meanwhile),
    )


def _first(exchanges: Sequence[Exchange], kind: str, kill: Kill) -> float | None:
    """Give when the first was acknowledged of those begun after the death: one that was under way proves nothing."""
    ends = [one.ended - kill.begun for one in exchanges if one.acknowledges == kind and one.begun >= kill.dead]
    return min(ends, default=None)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)


@dataclass(frozen=True, slots=True)
class FailingOver:
    """
    All kills.

    Attributes:
        acknowledged: How many orders and events were, all of which were looked for afterwards.
    """

    recoveries: Sequence[Recovery]
    acknowledged: Mapping[str, int]
    broken: Broken
