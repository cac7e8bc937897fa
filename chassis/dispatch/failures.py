"""What can go wrong with a call to another service, as its caller sees it."""

from typing import Any

from chassis import strict_json
from chassis.dispatch.transport import Answer, AnswerTooLarge, ConnectFailed, ConnectionBroken, TimedOut
from chassis.errors import BadGateway, DeadlineExceeded, ServiceUnavailable

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


AttemptError = (ConnectFailed, TimedOut, ConnectionBroken, AnswerTooLarge, BadAnswer, Refusal)


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
        super().__init__(f"The {service} service refused: {refusal.problem.get('detail') or refusal}")


def final_error(service: str, error: Exception, attempts: int, elapsed_s: float) -> Exception:
    """Say what a call that did not succeed means for the request being served: 502, 503 or 504."""
    if isinstance(error, Refusal) and _is_decided(error):
        return RemoteError(service, error)
    message = f"The {service} service gave no usable answer ({error}; attempts: {attempts}, {elapsed_s:.2f} s)."
    if isinstance(error, ConnectFailed | Refusal):
        headers = {"X-Retry-Exhausted": "1"}
        if isinstance(error, Refusal) and (wait := error.answer.headers.get("retry-after")):
            headers["Retry-After"] = wait
        return ServiceUnavailable(message, headers=headers)
    if isinstance(error, TimedOut):
        return DeadlineExceeded(message)
    return BadGateway(message)


def _is_decided(refusal: Refusal) -> bool:
    status = refusal.answer.status
    return 400 <= status < 500 and status != 429 and not (status == 409 and refusal.code == IN_FLIGHT)  # noqa: PLR2004


def _problem(answer: Answer) -> dict[str, Any]:
    try:
        problem = strict_json.loads(answer.body)
    except strict_json.InvalidJson:
        return {}
    return problem if isinstance(problem, dict) else {}
