"""The parts of an answer: each is read for itself, and one that fails is null."""

from collections.abc import Awaitable
from typing import TypeVar

from pydantic import BaseModel, Field

from chassis.auth.tokens import InvalidToken
from chassis.core.errors import Forbidden, Unauthenticated
from gateway.errors import CallFailed

T = TypeVar("T")


class PartProblem(BaseModel):
    """Why a part is null."""

    part: str = Field(description="The name of the member.", examples=["statistics"])
    service: str = Field(description="The service that refused, or has no answer.", examples=["analytics"])
    code: str = Field(description="For programs; stable.", examples=["service_unavailable"])
    status: int = Field(examples=[503])
    detail: str = Field(description="For people.", examples=["The analytics service returned no usable answer."])


class Problems(list[PartProblem]):
    """The problems of one answer."""

    async def part(self, name: str, read: Awaitable[T]) -> T | None:
        """
        Return a part, or None with an entry here if its service fails.

        Raises:
            InvalidToken: The service refuses the person's token, and so would the others (401).
            Forbidden: The person may not read it (403).
        """
        try:
            return await read
        except CallFailed as error:
            failure = error.failure
        if failure.status == Unauthenticated.status:
            raise InvalidToken
        if failure.status == Forbidden.status:
            raise Forbidden(failure.detail)
        self.append(
            PartProblem(
                part=name, service=failure.service, code=failure.code, status=failure.status, detail=failure.detail
            )
        )
        return None
