"""
``make mutation``: write faults into the critical modules, one at a time, and see whether the tests notice.

Modules that have changed are tried first, then the others; areas take turns, and mutants are drawn at random.
"""

import random
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from queue import SimpleQueue
from time import monotonic
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tests.mutation.areas import AREAS, Area
from tests.mutation.mutants import Mutant, mutants_of
from tests.mutation.trial import ROOT, Outcome, copies, run_tests, try_mutant

console = Console()
WANTED = 0.92
FEWEST = 12
"""Of an area's mutants, before its share is judged."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A mutant and what became of it."""

    area: Area
    mutant: Mutant
    outcome: Outcome


def main(
    minutes: Annotated[float, typer.Option(help="How long to try; what has begun is finished.")] = 30.0,
    seed: Annotated[int | None, typer.Option(help="Draws the same mutants again.")] = None,
    since: Annotated[str, typer.Option(help="Modules that changed since this commit come first.")] = "HEAD~10",
    area: Annotated[list[str] | None, typer.Option(help="Only this area; may be repeated.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Runs at a time.")] = 2,
) -> None:
    """Sample mutants, print those that no test noticed, and fail if an area's share is below 92 %."""
    chosen = [one for one in AREAS if not area or one.name in area]
    if not chosen:
        raise typer.BadParameter(f"Areas are: {', '.join(one.name for one in AREAS)}.")
    seed = seed if seed is not None else random.SystemRandom().randrange(10**6)
    drawn = list(_draw(chosen, _changed(since), random.Random(seed)))  # noqa: S311 - no secret
    console.print(f"{len(drawn)} mutants of {len(chosen)} areas; {minutes:g} minutes; --seed {seed}")
    with copies(workers) as roots:
        _check_that_tests_pass(roots[0], chosen)
        trials = list(_try_all(drawn, roots, monotonic() + minutes * 60))
    _report(trials)
    raise typer.Exit(1 if any(_share(trials, one) < WANTED for one in chosen) else 0)


def _changed(since: str) -> set[Path]:
    """Return the paths that differ from *since*; none if there is no such commit."""
    command = ["git", "diff", "--name-only", since]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return {Path(line) for line in listed.stdout.splitlines()}


def _draw(areas: Sequence[Area], changed: set[Path], lot: random.Random) -> Iterator[tuple[Area, Mutant]]:
    for wanted in (True, False):
        of_areas = []
        for area in areas:
            modules = [path for path in area.sources(ROOT) if (path in changed) is wanted]
            mutants = [(area, one) for path in modules for one in mutants_of(path, (ROOT / path).read_bytes())]
            lot.shuffle(mutants)
            of_areas.append(mutants)
        for turn in zip_longest(*of_areas):
            yield from (one for one in turn if one)


def _check_that_tests_pass(root: Path, areas: Sequence[Area]) -> None:
    """Raise unless the tests pass without a fault: else every mutant would seem to be noticed."""
    for area in areas:
        console.print(f"without a fault: {area.name} …")
        if not run_tests(root, area.tests_of(ROOT, Path())):
            console.print(f"[red]The tests of {area.name} fail without any fault; mend them first.")
            raise typer.Exit(2)


def _try_all(drawn: Sequence[tuple[Area, Mutant]], roots: Sequence[Path], end: float) -> Iterator[Trial]:
    free: SimpleQueue[Path] = SimpleQueue()
    for root in roots:
        free.put(root)

    def one_trial(area: Area, mutant: Mutant) -> Trial:
        root = free.get()
        try:
            return Trial(area, mutant, try_mutant(root, mutant, area.tests_of(root, mutant.path)))
        finally:
            free.put(root)

    waiting = iter(drawn)
    running: set[Future[Trial]] = set()
    with ThreadPoolExecutor(len(roots)) as pool:
        while True:
            while len(running) < len(roots) and monotonic() < end and (following := next(waiting, None)):
                running.add(pool.submit(one_trial, *following))
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                trial = future.result()
                _print(f"{trial.outcome:9} {trial.area.name:12}", trial.mutant)
                yield trial


def _print(what: str, mutant: Mutant) -> None:
    console.print(f"{what} {mutant.path}:{mutant.line}  {mutant.change}", markup=False, highlight=False, soft_wrap=True)


def _share(trials: Sequence[Trial], area: Area) -> float:
    """Return the share of an area's mutants that were noticed; 1 if too few were tried to judge."""
    outcomes = [trial.outcome for trial in trials if trial.area is area]
    return outcomes.count("noticed") / len(outcomes) if len(outcomes) >= FEWEST else 1.0


def _report(trials: Sequence[Trial]) -> None:
    survivors = [trial for trial in trials if trial.outcome == "survived"]
    for trial in sorted(survivors, key=lambda one: (one.area.name, one.mutant.path, one.mutant.line)):
        _print("survived:", trial.mutant)
    table = Table("area", "tried", "noticed", "share")
    tried = Counter(trial.area.name for trial in trials)
    missed = Counter(trial.area.name for trial in survivors)
    for name in sorted(tried):
        noticed = tried[name] - missed[name]
        table.add_row(name, str(tried[name]), str(noticed), f"{noticed / tried[name]:.0%}")
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
