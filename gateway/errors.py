"""Failures of the services behind the gateway, as parts of an answer name them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis.core.errors import AppError
from chassis.dispatch.errors import Remote

HERE = "gateway"


@dataclass(frozen=True, slots=True)
class Failure:
    """
    Why a part of an answer is missing.

    Attributes:
        service: The service that refused or failed, or cannot be reached.
        code: For programs; its own code, if it answered.
        status: Its status, if it answered.
        detail: For people; says what to change.
        errors: The invalid values, as it named them.
    """

    service: str
    code: str
    status: int
    detail: str
    errors: Sequence[Mapping[str, Any]] = ()


class CallFailed(Exception):
    """A call on behalf of a person failed."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.detail)


def failure_of(error: AppError, service: str = HERE) -> Failure:
    """
    Describe an error.

    Args:
        service: The service that was called, if the error does not name it.
    """
    if isinstance(error, Remote) and error.remote_code:
        problem, code = error.problem, error.remote_code
        detail, errors = str(problem.get("detail", error.message)), problem.get("errors") or ()
        return Failure(error.service, code, error.remote_status, detail, errors)
    return Failure(service, error.code, error.status, error.message, [one.model_dump() for one in error.errors])
