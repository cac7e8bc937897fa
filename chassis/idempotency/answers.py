"""Stored answers for later requests with the same ``Idempotency-Key``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from fastapi import Response

MAX_BODY = 64 * 1024
"""The largest size of a stored answer, bytes."""

REPLAYED = "Idempotent-Replayed"
"""The header of an answer to a repeated request."""

_KEPT = ("content-type", "location", "etag")
"""Headers about the resource; others belong to one request, or are secret."""


class UnstorableAnswer(Exception):
    """A route that takes an Idempotency-Key answers with a stream, or with over 64 KiB: it must not take one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def of(cls, response: Response) -> Self:
        """
        Take from a response what is stored.

        Raises:
            UnstorableAnswer: Its body is a stream, or over 64 KiB.
        """
        body = getattr(response, "body", None)
        if body is None or len(body) > MAX_BODY:
            raise UnstorableAnswer
        headers = {name: response.headers[name] for name in _KEPT if name in response.headers}
        return cls(response.status_code, headers, bytes(body))


class Replay(Exception):
    """The request was answered before: the route returns the stored answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        headers = {**answer.headers, REPLAYED: "true"}
        self.response = Response(answer.body, answer.status, headers)
