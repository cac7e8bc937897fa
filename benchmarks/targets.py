"""What is meant to be reached: ratios between two sides in one run, so that they hold on any machine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.measurement import Measurement


@dataclass(frozen=True, slots=True)
class Target:
    """A ratio between two sides, and where it should be."""

    text: str
    over: str
    under: str
    figure: Callable[[Measurement], float]
    limit: float
    at_most: bool = False

    def is_met(self, ratio: float) -> bool:
        """Whether *ratio* is where it should be."""
        return ratio <= self.limit if self.at_most else ratio >= self.limit


@dataclass(frozen=True, slots=True)
class Result:
    """A target, and what came of it."""

    target: Target
    ratio: float
    """The median of the ratios within each round, of the quiet rounds if there are any."""
    lowest: float
    highest: float

    @property
    def is_met(self) -> bool:
        """Whether the target is reached."""
        return self.target.is_met(self.ratio)


def hold_against(target: Target, over: Sequence[Measurement], under: Sequence[Measurement]) -> Result:
    """Compare two sides round by round."""
    pairs = list(zip(over, under, strict=True))
    quiet = [(one, other) for one, other in pairs if one.is_quiet and other.is_quiet]
    ratios = [target.figure(one) / target.figure(other) for one, other in quiet or pairs]
    return Result(target, median(ratios), min(ratios), max(ratios))
