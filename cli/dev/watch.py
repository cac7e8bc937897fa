"""Restarting the parts of a stack that end unexpectedly, and reporting it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from cli.errors import CommandError

EVERY_S = 0.3
LONGEST_PAUSE_S = 30.0
_FIRST_PAUSE_S = 1.0
_CALM_S = 60.0
"""A part that has run for this long is restarted at once, seconds."""


@dataclass(slots=True)
class Part:
    """A process that must run as long as the stack does."""

    name: str
    has_ended: Callable[[], bool]
    reason: Callable[[], str]
    """Returns why it has ended."""
    start: Callable[[], None]
    """Starts it, without waiting until it is ready."""
    is_ready: Callable[[], bool]
    pause_s: float = 0.0
    started_at: float = float("-inf")
    is_starting: bool = False


class Watch:
    """Restarts the parts of a stack."""

    def __init__(
        self, parts: Sequence[Part], say: Callable[[str], None], clock: Callable[[], float] = monotonic
    ) -> None:
        """*say* prints a sentence on the terminal."""
        self._parts = {part.name: part for part in parts}
        self._say = say
        self._clock = clock

    def add(self, part: Part) -> None:
        """Watch another part, or one of this name anew."""
        self._parts[part.name] = part

    def remove(self, name: str) -> None:
        """Watch a part no longer; it is to be stopped."""
        del self._parts[name]

    def look(self) -> None:
        """Restart what has ended; repeated failures wait longer each time, half a minute at most."""
        for part in self._parts.values():
            if part.has_ended():
                if self._clock() >= part.started_at + part.pause_s:
                    self._start(part)
            elif part.is_starting and part.is_ready():
                part.is_starting = False
                self._say(f"{part.name} runs again.")

    def _start(self, part: Part) -> None:
        is_calm = self._clock() - part.started_at > _CALM_S
        part.pause_s = _FIRST_PAUSE_S if is_calm else min(2 * part.pause_s, LONGEST_PAUSE_S)
        part.started_at, part.is_starting = self._clock(), True
        self._say(f"{part.name} has ended ({part.reason()}). It is started again.")
        try:
            part.start()
        except CommandError as error:
            self._say(str(error))
