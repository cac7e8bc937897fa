"""When a running stack renders the routes of the front."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from cli.dev.front_door import FrontDoor
from cli.dev.processes import SupervisedProcess

FRONT, ROUTES = Path("/project/front"), Path("/project/gift/routes.py")


@dataclass
class Process:
    """A process that renders until it is told to end."""

    running: bool = True

    def kill(self) -> None:
        """End it."""
        self.running = False


@dataclass
class Renderings:
    """The renderings that a stack has begun."""

    front: Path | None = FRONT
    begun: list[Process] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin as `make run` does: the first rendering follows the start, and has ended."""
        self.door = FrontDoor(lambda: self.front, self.start)
        self.after([])
        self.end()

    def start(self) -> SupervisedProcess:
        """Begin one."""
        self.begun.append(Process())
        return cast("SupervisedProcess", self.begun[-1])

    def end(self) -> None:
        """End those that run."""
        for process in self.begun:
            process.running = False

    def after(self, changed: Iterable[Path]) -> int:
        """Return how many have been begun after these changes."""
        before = len(self.begun)
        self.door.look(set(changed))
        return len(self.begun) - before


@pytest.fixture
def renderings() -> Renderings:
    """Those of a stack with a front."""
    return Renderings()


def test_routes_are_rendered_at_the_start_and_after_changes_of_services(renderings: Renderings) -> None:
    """What is rendered is no reason to render, so that nothing repeats."""
    own = [FRONT / "settings.py", FRONT / "front_door" / "routes.toml"]

    assert len(renderings.begun) == 1
    assert [renderings.after(changed) for changed in ([ROUTES], [], own)] == [1, 0, 0]


def test_one_rendering_runs_at_a_time(renderings: Renderings) -> None:
    """Changes that come meanwhile are rendered by one more, after it."""
    assert [renderings.after([ROUTES]), renderings.after([ROUTES]), renderings.after([ROUTES])] == [1, 0, 0]

    renderings.end()

    assert [renderings.after([]), renderings.after([])] == [1, 0]


def test_without_a_front_nothing_is_rendered() -> None:
    """A part of the stack needs none; a front that starts later has what has changed."""
    renderings = Renderings(front=None)
    assert renderings.after([ROUTES]) == 0

    renderings.front = FRONT

    assert renderings.after([]) == 1


def test_a_rendering_ends_with_the_stack(renderings: Renderings) -> None:
    """It is killed."""
    with renderings.door:
        renderings.after([ROUTES])

    assert not renderings.begun[-1].running
