"""Answers as they are stored for the next request with the same ``Idempotency-Key``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from fastapi import Response

MAX_BODY = 64 * 1024
"""Bytes of an answer that can be stored."""

_KEPT = ("content-type", "location", "etag")
"""The headers that say something about the resource; others are of one request, or secret."""


class UnstorableAnswer(Exception):
    """A route that takes an Idempotency-Key answers with a stream, or with over 64 KiB: it must not take one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered."""

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
    """The request was answered before: the route says the same again, whatever it was about to do."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        headers = {**answer.headers, "Idempotent-Replayed": "true"}
        self.response = Response(answer.body, answer.status, headers)
