"""What can go wrong with a call to another service, as its caller sees it."""

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
"""The code of a 409 that says: the same Idempotency-Key is being worked on."""


class BadAnswer(Exception):
    """The answer to a sealed call is plaintext, cannot be opened, or answers something else."""


class Refusal(Exception):
    """An answer whose status says that it did not go well."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"status {answer.status}")
        self.answer = answer
        self.problem = _problem(answer)

    @property
    def code(self) -> str:
        """The problem's code; empty if the answer is no problem document."""
        return str(self.problem.get("code", ""))


AttemptError = (ConnectFailed, TimedOut, ConnectionBroken, AnswerTooLarge, BadAnswer, Refusal, CircuitOpen)


class RemoteError(BadGateway):
    """
    The other service understood and refused (4xx). Whoever calls catches it and says what it means here.

    Attributes:
        service: Who refused.
        remote_status: Its status.
        remote_code: Its problem code.
        problem: What it said, whole.
    """

    code = "refused_upstream"

    def __init__(self, service: str, refusal: Refusal) -> None:
        self.service = service
        self.remote_status = refusal.answer.status
        self.remote_code = refusal.code
        self.problem = refusal.problem
        message = f"The {service} service refused: {refusal.problem.get('detail') or refusal}"
        super().__init__(message, headers={RETRY_EXHAUSTED: "1"})


def final_error(service: str, error: Exception, attempts: int, elapsed_s: float) -> AppError:
    """Say what a call that did not succeed means for the request being served: 502, 503 or 504."""
    if isinstance(error, Refusal) and _is_decided(error):
        return RemoteError(service, error)
    message = f"The {service} service gave no usable answer ({error}; attempts: {attempts}, {elapsed_s:.2f} s)."
    if isinstance(error, ConnectFailed | CircuitOpen) or (isinstance(error, Refusal) and is_transient(error)):
        return ServiceUnavailable(message, headers={RETRY_EXHAUSTED: "1", **_retry_after(error)})
    if isinstance(error, TimedOut):
        return DeadlineExceeded(message, headers={RETRY_EXHAUSTED: "1"})
    return BadGateway(message, headers={RETRY_EXHAUSTED: "1"})


def _retry_after(error: Exception) -> dict[str, str]:
    """Pass on when to come back, where that is known."""
    if isinstance(error, CircuitOpen):
        return {"Retry-After": str(ceil(error.retry_after_s))}
    value = error.answer.headers.get("retry-after") if isinstance(error, Refusal) else None
    return {"Retry-After": value} if value else {}


def is_transient(refusal: Refusal) -> bool:
    """Whether the service may answer otherwise if it is asked again."""
    status = refusal.answer.status
    return status in _TRANSIENT or (status == _CONFLICT and refusal.code == IN_FLIGHT)


def _is_decided(refusal: Refusal) -> bool:
    return refusal.answer.status < _SERVER_ERROR and not is_transient(refusal)


def _problem(answer: Answer) -> dict[str, Any]:
    try:
        problem = strict_json.loads(answer.body)
    except strict_json.InvalidJson:
        return {}
    return problem if isinstance(problem, dict) else {}
