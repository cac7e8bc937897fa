"""Keeping a stack whole: what ends although nobody asked it to is started again, and that is said."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from cli.errors import CommandError

EVERY_S = 0.3
LONGEST_PAUSE_S = 30.0
_CALM_S = 60.0
"""What has run for so long is started again at once."""


@dataclass(slots=True)
class Part:
    """A process that is to run for as long as the stack does."""

    name: str
    has_ended: Callable[[], bool]
    reason: Callable[[], str]
    """Why it has ended."""
    start: Callable[[], None]
    """May raise CommandError."""
    pause_s: float = 0.0
    started_at: float = float("-inf")


class Watch:
    """Looks after the parts of a stack."""

    def __init__(
        self, parts: Sequence[Part], say: Callable[[str], None], clock: Callable[[], float] = monotonic
    ) -> None:
        """*say* is called with a sentence for whoever is at the keyboard."""
        self._parts = parts
        self._say = say
        self._clock = clock

    def look(self) -> None:
        """Start again what has ended; what ends again and again waits for longer each time, half a minute at most."""
        for part in self._parts:
            if part.has_ended() and self._clock() >= part.started_at + part.pause_s:
                self._start(part)

    def _start(self, part: Part) -> None:
        is_calm = self._clock() - part.started_at > _CALM_S
        part.pause_s = 1.0 if is_calm else min(2 * part.pause_s, LONGEST_PAUSE_S)
        self._say(f"{part.name} has ended ({part.reason()}). It is started again.")
        try:
            part.start()
            self._say(f"{part.name} runs again.")
        except CommandError as error:
            self._say(f"{error} Tried again in {part.pause_s:.0f} s.")
        part.started_at = self._clock()
