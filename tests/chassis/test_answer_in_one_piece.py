import asyncio
from typing import cast

import pytest

from chassis.web.http_protocol import _Answering

HEAD, BODY, CONTINUE = b"HTTP/1.1 200 OK\r\n\r\n", b"{}", b"HTTP/1.1 100 Continue\r\n\r\n"
CLOSED = b"closed"


class Sending:
    """The transport below: records each system call."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Record one write."""
        self.sent.append(data)

    def writelines(self, parts: tuple[bytes, ...]) -> None:
        """Record one write of several parts."""
        self.sent.append(b"".join(parts))

    def close(self) -> None:
        """Record the end."""
        self.sent.append(CLOSED)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        pytest.param([HEAD, BODY], [HEAD + BODY, CLOSED], id="whole"),
        pytest.param([HEAD, b"", BODY], [HEAD, BODY, CLOSED], id="empty first part"),
        pytest.param([HEAD, BODY, BODY], [HEAD + BODY, BODY, CLOSED], id="streamed"),
        pytest.param([CONTINUE, HEAD, BODY], [CONTINUE, HEAD + BODY, CLOSED], id="after an interim answer"),
        pytest.param([HEAD], [HEAD, CLOSED], id="failed after the head"),
    ],
)
def test_head_and_first_part_are_one_write(written: list[bytes], sent: list[bytes]) -> None:
    """The head waits for the first part of the body, even an empty one, and for nothing else; none is lost."""
    below = Sending()
    answering = _Answering(cast("asyncio.Transport", below))

    for data in written:
        answering.write(data)
    answering.close()

    assert below.sent == sent
