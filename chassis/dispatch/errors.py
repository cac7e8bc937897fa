"""
Errors of calls to other services.

Within the dispatcher an attempt fails with one of ``AttemptError``. The caller of the dispatcher sees an ``AppError``::

    BadGateway (502)            the answer cannot be trusted or used
      RemoteError               the service understood and refused (4xx)
      RemoteFault               the service failed (500, or another 5xx that a retry does not fix)
    ServiceUnavailable (503)    the service cannot be reached, or its breaker is open
      RemoteUnavailable         the service answered that it is unavailable
    DeadlineExceeded (504)      no answer in time

The errors whose names begin with Remote carry the service's answer.
"""

from collections.abc import Mapping
from math import ceil
from typing import Any

from chassis.core import json as strict_json
from chassis.core.errors import AppError, BadGateway, DeadlineExceeded, ServiceUnavailable
from chassis.dispatch.breaker import CircuitOpen
from chassis.dispatch.transport import Answer, AnswerTooLarge, ConnectFailed, ConnectionBroken, TimedOut

_TRANSIENT = frozenset({429, 502, 503, 504})
_CONFLICT = 409
_SERVER_ERROR = 500
RETRY_EXHAUSTED = "x-retry-exhausted"
IN_FLIGHT = "in_flight"
"""The code of a 409: a request with the same Idempotency-Key is in flight."""


class BadAnswer(Exception):
    """The answer to a sealed call is plaintext, cannot be opened, or belongs to another request."""


class Refusal(Exception):
    """An answer with a status of 300 or above."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"status {answer.status}")
        self.answer = answer
        self.problem = _problem(answer)

    @property
    def code(self) -> str:
        """The problem's code; empty if the answer is not a problem document."""
        return str(self.problem.get("code", ""))

    @property
    def was_retried_below(self) -> bool:
        """Whether the service has retried in vain itself: what failed is behind it, and the service works."""
        return RETRY_EXHAUSTED in self.answer.headers

    @property
    def is_transient(self) -> bool:
        """Whether a retry may succeed."""
        status = self.answer.status
        return status in _TRANSIENT or (status == _CONFLICT and self.code == IN_FLIGHT)


AttemptError = (ConnectFailed, TimedOut, ConnectionBroken, AnswerTooLarge, BadAnswer, Refusal, CircuitOpen)


class Remote(AppError):
    """
    Another service answered with an error.

    Attributes:
        service: The service that answered.
        remote_status: Its status.
        remote_code: Its problem code; empty if it returned no problem document.
        problem: The problem document.
    """

    def __init__(self, service: str, refusal: Refusal, message: str, headers: Mapping[str, str]) -> None:
        self.service = service
        self.remote_status = refusal.answer.status
        self.remote_code = refusal.code
        self.problem = refusal.problem
        super().__init__(message, headers=headers)


class RemoteError(Remote, BadGateway):
    """The other service refused (4xx); the caller catches it and decides by its code how to proceed."""

    code = "refused_upstream"

    def __init__(self, service: str, refusal: Refusal) -> None:
        message = f"The {service} service refused: {refusal.problem.get('detail') or refusal}"
        super().__init__(service, refusal, message, {RETRY_EXHAUSTED: "1"})


class RemoteFault(Remote, BadGateway):
    """The other service failed (500, or another 5xx that a retry does not fix)."""


class RemoteUnavailable(Remote, ServiceUnavailable):
    """The other service is unavailable: 429, 502, 503, 504, or 409 ``in_flight``."""


def final_error(service: str, error: Exception, attempts: int, elapsed_s: float) -> AppError:
    """Return the error of a failed call for the request being served: 502, 503 or 504."""
    message = f"The {service} service returned no usable answer ({error}; attempts: {attempts}, {elapsed_s:.2f} s)."
    headers = {RETRY_EXHAUSTED: "1"}
    if isinstance(error, Refusal):
        return _remote(service, error, message, headers)
    if isinstance(error, CircuitOpen):
        return ServiceUnavailable(message, headers={**headers, "Retry-After": str(ceil(error.retry_after_s))})
    if isinstance(error, ConnectFailed):
        return ServiceUnavailable(message, headers=headers)
    if isinstance(error, TimedOut):
        return DeadlineExceeded(message, headers=headers)
    return BadGateway(message, headers=headers)


def _remote(service: str, refusal: Refusal, message: str, headers: dict[str, str]) -> Remote:
    if refusal.is_transient:
        when = refusal.answer.headers.get("retry-after")
        return RemoteUnavailable(service, refusal, message, {**headers, "Retry-After": when} if when else headers)
    if refusal.answer.status < _SERVER_ERROR:
        return RemoteError(service, refusal)
    return RemoteFault(service, refusal, message, headers)


def _problem(answer: Answer) -> dict[str, Any]:
    try:
        problem = strict_json.loads(answer.body)
    except strict_json.InvalidJson:
        return {}
    return problem if isinstance(problem, dict) else {}
