"""A table or column that the development database lacks: one log line with the command, instead of a traceback."""

from collections.abc import Iterator

from structlog.typing import EventDict

from chassis.core.tracebacks import place_of

_UNDEFINED = frozenset({"42703", "42P01"})
"""SQLSTATEs: no such column, no such table."""


def explain_undefined(service: str, event: EventDict, error: BaseException) -> None:
    """Replace the traceback in a line by what is missing, if a table or a column is."""
    undefined = [cause for cause in _chain(error) if getattr(cause, "sqlstate", None) in _UNDEFINED]
    if not undefined:
        return
    event.pop("exc_info")
    event.update(
        event="the database lacks a table or a column",
        reason=str(undefined[-1]).partition("\n")[0],
        place=place_of(error),
        command=f'bin/cli db migrate {service} -m "…" && bin/cli db upgrade {service}',
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and its causes; the driver's own is the last."""
    while error:
        yield error
        error = error.__cause__
