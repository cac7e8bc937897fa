"""One log line when repeated work begins to fail for some reason, and one when it works again."""

from typing import Any


class Outage:
    """
    Whether repeated work fails at the moment, for want of a database or a service.

    Args:
        log: The logger of the module that does the work.
        failed: The log line of the first failure.
        recovered: The log line of the first success after it.
        about: Added to both lines.
    """

    def __init__(self, log: Any, failed: str, recovered: str, **about: object) -> None:  # noqa: ANN401 - structlog's logger
        self._log = log
        self._failed = failed
        self._recovered = recovered
        self._about = about
        self._kind: type[Exception] | None = None

    def began(self, error: Exception) -> None:
        """Log the error, unless the failure before it was of the same type."""
        if self._kind is not type(error):
            self._log.warning(self._failed, **self._about, reason=str(error))
        self._kind = type(error)

    def ended(self) -> None:
        """Log that the work succeeds again, if it failed before."""
        if self._kind:
            self._log.warning(self._recovered, **self._about)
        self._kind = None
