"""Comparing an answer through the gateway with that of the service."""

from typing import Any

import httpx

from tests.support.aliases import People

Asked = tuple[str, str, dict[str, Any]]
"""Method, path, and what else httpx sends."""
_CHANGING = {"date", "x-request-id"}


async def assert_same(people: People, service: str, asked: Asked, headers: dict[str, str]) -> None:
    """Ask the service and the gateway with further headers: status, headers (each once) and body are the same."""
    method, path, more = asked
    sent = {**more, "headers": {**headers, **more.get("headers", {})}}
    direct, through = [await people[door].request(method, path, **sent) for door in (service, "gateway")]

    assert _kept(through) == _kept(direct)


def _kept(answer: httpx.Response) -> tuple[int, dict[str, str], str]:
    """Return what is the same in two answers to one request."""
    pairs = [(name, value) for name, value in answer.headers.multi_items() if name not in _CHANGING]
    assert len(dict(pairs)) == len(pairs)
    return answer.status_code, dict(pairs), answer.text.replace(answer.headers["x-request-id"], "<id>")
