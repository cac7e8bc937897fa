"""The results of a run: ratios with their targets, and the figures stored in the repository as JSON."""

import json
import os
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from cryptography.hazmat.backends.openssl import backend

from benchmarks.measurement import Measurement

Figure = Callable[[Measurement], float]
"""Reads a figure of a round."""


@dataclass(frozen=True, slots=True)
class Target:
    """A target for a figure of one run: mostly the ratio of two sides."""

    text: str
    limit: float
    at_most: bool = False

    def is_met(self, ratio: float) -> bool:
        """Whether *ratio* meets the target."""
        return ratio <= self.limit if self.at_most else ratio >= self.limit


@dataclass(frozen=True, slots=True)
class Result:
    """A target and its measurement: the median, the lowest and the highest ratio of the rounds."""

    target: Target
    ratio: float
    lowest: float
    highest: float

    @property
    def is_met(self) -> bool:
        """Whether the target is reached."""
        return self.target.is_met(self.ratio)

    def as_json(self) -> dict[str, Any]:
        """Return the ratio with its target."""
        return {
            "ratio": self.target.text,
            "value": round(self.ratio, 3),
            "of_rounds": [round(self.lowest, 3), round(self.highest, 3)],
            "target": self.target.limit,
            "at_most": self.target.at_most,
            "met": self.is_met,
        }


def compare(target: Target, figure: Figure, over: Sequence[Measurement], under: Sequence[Measurement]) -> Result:
    """Compare two sides round by round: the quiet rounds, if there are any."""
    return result(target, [figure(one) / figure(other) for one, other in _pairs(over, under)])


def subtract(target: Target, figure: Figure, from_: Sequence[Measurement], other: Sequence[Measurement]) -> Result:
    """Return the difference of two sides round by round, like ``compare``; the target limits the difference."""
    return result(target, [figure(one) - figure(two) for one, two in _pairs(from_, other)])


def _pairs(one: Sequence[Measurement], other: Sequence[Measurement]) -> Sequence[tuple[Measurement, Measurement]]:
    """Return the measurements of each round: of the quiet rounds, if there are any."""
    pairs = list(zip(one, other, strict=True))
    return [pair for pair in pairs if all(two.is_quiet for two in pair)] or pairs


def result(target: Target, ratios: Sequence[float]) -> Result:
    """Sum up the ratios of all rounds."""
    return Result(target, median(ratios), min(ratios), max(ratios))


def results_as_json(results: Iterable[Result]) -> list[dict[str, Any]]:
    """Return all ratios with their targets."""
    return [one.as_json() for one in results]


def figures_file(name: str) -> Path:
    """Return the path of the figures of a benchmark's latest run."""
    return Path(f"benchmarks/results/{name}.json")


def write_figures(name: str, machine: dict[str, Any], content: dict[str, Any]) -> None:
    """Store the figures of a run."""
    date = datetime.now(UTC).isoformat(timespec="minutes")
    run = {"benchmark": name, "date": date, "machine": machine, **content}
    file = figures_file(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(run, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_figures(name: str) -> dict[str, Any]:
    """Read the stored figures."""
    run: dict[str, Any] = json.loads(figures_file(name).read_text(encoding="utf-8"))
    return run


def describe_machine(*packages: str) -> dict[str, Any]:
    """Describe the machine of the figures: processor, system, Python, versions of *packages*; no name, no path."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "openssl": backend.openssl_version_text(),
        "versions": {name: version(name) for name in sorted(packages)},
    }


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text(encoding="utf-8").splitlines() if information.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
